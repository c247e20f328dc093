import { createBearerLoginAuth } from '@auth/bearer-login';

const { apiUrl, ...options } = JSON.parse(process.env['LOGIN'] ?? '{}');
const auth = createBearerLoginAuth(options);
const response = await auth.fetch(apiUrl);
if (!response.ok) throw new Error(`the API answered ${response.status}`);
auth.dispose();
