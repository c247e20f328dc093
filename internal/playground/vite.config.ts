import { defineConfig } from 'vite';

export default defineConfig({
  // What Vue's build for bundlers wants to be told.
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
  },
  // The emulator's server is loaded by nobody here.
  build: { rolldownOptions: { external: [/^@hono\/node-server/] } },
});
