import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished } from 'vitest';

/** Replaces a function of one of Node's modules until the test ends, also for modules that import it by its name. */
export function replaceBuiltin<Module extends object, Name extends keyof Module>(
  module: Module,
  name: Name,
  replacement: (real: Module[Name]) => Module[Name],
): void {
  const real = module[name];
  module[name] = replacement(real);
  syncBuiltinESMExports();
  onTestFinished(() => {
    module[name] = real;
    syncBuiltinESMExports();
  });
}
