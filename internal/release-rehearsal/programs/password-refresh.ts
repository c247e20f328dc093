import { createPasswordRefreshAuth } from '@auth/password-refresh';

const { apiUrl, ...options } = JSON.parse(process.env['LOGIN'] ?? '{}');
const auth = createPasswordRefreshAuth(options);
const response = await auth.fetch(apiUrl);
if (!response.ok) throw new Error(`the API answered ${response.status}`);
auth.dispose();
