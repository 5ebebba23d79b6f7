/** Whether a page token's key is a version: 1 and up, well inside 63 bits. */
export function isVersion(key: string): boolean {
  return /^[1-9]\d{0,17}$/.test(key);
}
