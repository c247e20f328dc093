export { type Accounts, defineAccounts, type Session } from './accounts.js';
export { keychainStore } from './keychain-store.js';
