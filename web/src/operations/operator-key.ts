const storageKey = 'purser.operator';

/**
 * The key that operators have signed in with in this tab; it goes with the tab. One that stands in
 * the address, behind `#key=`, is taken from there, so that it is in no history and no picture.
 */
export function takeOperatorKey(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('key');
  if (given !== null) {
    history.replaceState(history.state, '', location.pathname + location.search);
    rememberOperatorKey(given);
  }
  return sessionStorage.getItem(storageKey) ?? undefined;
}

export function rememberOperatorKey(key: string): void {
  sessionStorage.setItem(storageKey, key);
}

export function forgetOperatorKey(): void {
  sessionStorage.removeItem(storageKey);
}
