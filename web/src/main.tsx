import '@mantine/core/styles.css';
import './styles.css';
import { createTheme, MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { Crash } from './parts/crash.tsx';
import { TextProvider } from './text/text-context.tsx';

const theme = createTheme({
  primaryColor: 'indigo',
  // White on the lighter shades is hard to read.
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  defaultRadius: 'md',
  respectReducedMotion: true,
});

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <TextProvider>
        <Crash>
          <App />
        </Crash>
      </TextProvider>
    </MantineProvider>
  </StrictMode>,
);
