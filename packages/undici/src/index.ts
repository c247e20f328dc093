export { authInterceptor } from './interceptor.js';
