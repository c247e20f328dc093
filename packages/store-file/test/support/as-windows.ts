import { onTestFinished } from 'vitest';

/** Lets the code take this platform for Windows until the test ends. */
export function asWindows(): void {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor;
  Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
  onTestFinished(() => void Object.defineProperty(process, 'platform', platform));
}
