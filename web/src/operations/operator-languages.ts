import type { Language } from '../text/language.ts';
import { english } from './english.ts';
import type { OperatorMessages } from './english.ts';
import { russian } from './russian.ts';

export const operatorLanguages: Readonly<Record<Language, OperatorMessages>> = {
  en: english,
  ru: russian,
};
