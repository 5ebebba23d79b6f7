import { createContext, use, useEffect, useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import type { Messages } from './english.ts';
import { formatOf } from './format.ts';
import type { Format } from './format.ts';
import { chooseLanguage, isLanguage, languages, localeOf } from './language.ts';
import type { Language } from './language.ts';

interface Text {
  t: Messages;
  format: Format;
  language: Language;
  setLanguage(language: Language): void;
}

const TextContext = createContext<Text | undefined>(undefined);

const storageKey = 'purser.language';

/** Gives the pages their words, in the language that was chosen or that the browser prefers. */
export function TextProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() => {
    const stored = localStorage.getItem(storageKey);
    return isLanguage(stored) ? stored : chooseLanguage(navigator.languages);
  });
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const text = useMemo<Text>(
    () => ({
      t: languages[language],
      format: formatOf(localeOf(language, navigator.languages)),
      language,
      setLanguage: (chosen) => {
        localStorage.setItem(storageKey, chosen);
        setLanguage(chosen);
      },
    }),
    [language],
  );
  return <TextContext value={text}>{children}</TextContext>;
}

export function useText(): Text {
  const text = use(TextContext);
  if (text === undefined) throw new Error('There is no TextProvider above.');
  return text;
}
