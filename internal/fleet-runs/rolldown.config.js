import { defineConfig } from 'rolldown';

/** The programs of a fleet, as they are deployed: Node that strips types takes 17 MB more. */
export default defineConfig({
  input: ['auth-server', 'by-hand', 'caller', 'opener', 'worker'].map((name) => `src/programs/${name}.ts`),
  external: /^[^./]/,
  platform: 'node',
  output: { dir: 'dist', cleanDir: true },
});
