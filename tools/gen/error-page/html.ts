import type { ErrorEntry } from './entries.ts';
import { orderFailures, texts } from './texts.ts';

const style = `
:root { color-scheme: light dark; --line: light-dark(#d0d4da, #3a3f47);
  --soft: light-dark(#f5f6f8, #1b1e23); --quiet: light-dark(#57606a, #9aa4b0); }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem;
  padding: 1rem 1.25rem 4rem; background: light-dark(#fff, #121418);
  color: light-dark(#1f2328, #e3e6ea); }
a { color: light-dark(#0b57d0, #8ab4f8); }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
h2, h3 { scroll-margin-top: 1rem; }
h3 { margin-top: 2.5rem; font-family: ui-monospace, monospace; }
h3 a { color: inherit; text-decoration: none; }
:target { background: light-dark(#fff3c4, #4a3f12); }
code, pre { font: 0.875em/1.5 ui-monospace, monospace; background: var(--soft);
  border-radius: 4px; }
code { padding: 0.1em 0.3em; overflow-wrap: anywhere; }
pre { padding: 0.75rem 1rem; overflow-x: auto; border: 1px solid var(--line); }
pre code { padding: 0; background: none; overflow-wrap: normal; }
.table { overflow-x: auto; }
td code { white-space: nowrap; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.35rem 0.6rem; text-align: left;
  vertical-align: top; }
.quiet, summary { color: var(--quiet); }
summary { cursor: pointer; }
`;

/** gen/errors.html: where the member `type` of problems leads to. It needs no other file. */
export function htmlPage(entries: readonly ErrorEntry[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Errors of Purser</title>
<style>${style}</style>
</head>
<body>
<h1>Errors</h1>
${texts.intro.map(paragraph).join('\n')}
${paragraph(texts.sdkIntro)}
${block(texts.sdkExample)}
<h2 id="all-reasons">All reasons</h2>
${overview(entries)}
${entries.map(section).join('\n')}
<h2 id="why-an-order-fails">Why an order fails</h2>
${paragraph(texts.failures)}
${table(
  ['<code>failureReason</code>', 'means'],
  orderFailures().map(([name, meaning]) => [`<code>${name}</code>`, inline(meaning)]),
)}
</body>
</html>
`;
}

function overview(entries: readonly ErrorEntry[]): string {
  const rows = entries.map(({ reason, anchor, httpStatus, grpcCode, retryable, meaning }) => [
    `<a href="#${anchor}"><code>${reason}</code></a>`,
    String(httpStatus),
    `<code>${grpcCode}</code>`,
    retryable ? 'yes' : '',
    inline(meaning),
  ]);
  return table(['reason', 'HTTP', 'gRPC', 'retry as it is', 'means'], rows);
}

function section(entry: ErrorEntry): string {
  const { reason, anchor, httpStatus, grpcCode, meaning, cause, action, rest, grpc, sdk } = entry;
  return `<section>
<h3 id="${anchor}"><a href="#${anchor}">${reason}</a></h3>
<p class="quiet">HTTP ${httpStatus}, gRPC ${grpcCode}</p>
${paragraph(meaning)}
<p><strong>Cause.</strong> ${inline(cause)}</p>
<p><strong>What to do.</strong> ${inline(action)}</p>
${example('REST', rest)}
${example('gRPC', grpc)}
${example('SDK', sdk)}
</section>`;
}

function example(caller: string, text: string | undefined): string {
  return text === undefined
    ? `<p class="quiet">Never over ${caller}.</p>`
    : `<details open><summary>${caller}</summary>${block(text)}</details>`;
}

function table(head: string[], rows: string[][]): string {
  const heads = head.map((cell) => `<th scope="col">${cell}</th>`).join('');
  const lines = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`);
  return `<div class="table"><table>
<thead><tr>${heads}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table></div>`;
}

function paragraph(text: string): string {
  return `<p>${inline(text)}</p>`;
}

function block(text: string): string {
  return `<pre><code>${escaped(text)}</code></pre>`;
}

/** The text as HTML, with what stands between backquotes as code. */
function inline(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
