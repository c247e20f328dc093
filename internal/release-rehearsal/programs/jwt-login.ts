import { createJwtLoginAuth } from '@auth/jwt-login';

const { apiUrl, ...options } = JSON.parse(process.env['LOGIN'] ?? '{}');
const auth = createJwtLoginAuth(options);
const response = await auth.fetch(apiUrl);
if (!response.ok) throw new Error(`the API answered ${response.status}`);
auth.dispose();
