// The token of this reader, for agents that ask for one. It stays in this tab and dies with it.
const KEY = "kronveil.token";

const storage = (): Storage | null => {
  try {
    return globalThis.sessionStorage;
  } catch {
    // A browser may forbid it; then the token lasts until the page is left.
    return null;
  }
};

let token: string | null = storage()?.getItem(KEY) ?? null;

export const currentToken = (): string | null => token;

export function keepToken(given: string | null): void {
  token = given;
  if (given) storage()?.setItem(KEY, given);
  else storage()?.removeItem(KEY);
}
