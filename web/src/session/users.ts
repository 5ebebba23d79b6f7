// Which users this browser has seen. A tab keeps its own: switching in one leaves the others alone.

const knownKey = 'purser.users';
const lastKey = 'purser.user';
const knownMax = 8;

/** 1 to 128 visible ASCII characters, as the gateway asks for. */
export function isUserId(text: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(text);
}

/** The user of this tab, or of the last one that was used. */
export function currentUser(): string | undefined {
  const stored = sessionStorage.getItem(lastKey) ?? localStorage.getItem(lastKey);
  if (stored === null || !isUserId(stored)) return undefined;
  // From now on the tab's own, whatever other tabs choose.
  sessionStorage.setItem(lastKey, stored);
  return stored;
}

/** Users of this browser, the last one first. */
export function knownUsers(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(knownKey) ?? '[]');
    return Array.isArray(stored) ? stored.filter((each) => isUserId(String(each))) : [];
  } catch {
    return [];
  }
}

export function rememberUser(userId: string): void {
  sessionStorage.setItem(lastKey, userId);
  localStorage.setItem(lastKey, userId);
  const known = [userId, ...knownUsers().filter((each) => each !== userId)];
  localStorage.setItem(knownKey, JSON.stringify(known.slice(0, knownMax)));
}

export function forgetUser(userId: string): void {
  const known = knownUsers().filter((each) => each !== userId);
  localStorage.setItem(knownKey, JSON.stringify(known));
}
