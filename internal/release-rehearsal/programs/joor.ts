import { createJoorAuth } from '@auth/joor';

const { apiUrl, ...options } = JSON.parse(process.env['LOGIN'] ?? '{}');
const auth = createJoorAuth(options);
const response = await auth.fetch(apiUrl);
if (!response.ok) throw new Error(`the API answered ${response.status}`);
auth.dispose();
