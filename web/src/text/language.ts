import { english } from './english.ts';
import type { Messages } from './english.ts';
import { russian } from './russian.ts';

export type Language = 'en' | 'ru';

export const languages: Readonly<Record<Language, Messages>> = { en: english, ru: russian };

export function isLanguage(text: string | null): text is Language {
  return text !== null && Object.hasOwn(languages, text);
}

/** The first of the browser's languages that the pages speak; English when they speak none. */
export function chooseLanguage(preferred: readonly string[]): Language {
  const found = preferred.map((tag) => tag.toLowerCase().split('-')[0] ?? '').find(isLanguage);
  return found ?? 'en';
}

/** How dates and numbers are written: as in the user's region where the language fits it. */
export function localeOf(language: Language, preferred: readonly string[]): string {
  return preferred.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? language;
}
