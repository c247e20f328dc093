/** node-fetch 2 has no types of its own. */
declare module 'node-fetch-2' {
  export { default } from 'node-fetch';
}
