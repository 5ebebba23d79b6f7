import { Text } from '@mantine/core';
import { useMemo } from 'react';
import type { Entry } from '#sdk/src/index.ts';
import { useText } from '../text/text-context.tsx';
import { chartLine } from './chart-line.ts';

const width = 640;
const height = 140;

/** The balance over the entries that are shown; the sentence below says the same in words. */
export function BalanceChart({ entries }: { entries: readonly Entry[] }) {
  const { t, format } = useText();
  const line = useMemo(() => chartLine(entries, { width, height }), [entries]);
  if (line === undefined) return null;
  const path = line.points.map(([x, y]) => `${x} ${y}`).join('L');
  const text = t.wallet.chartText(
    format.money(line.first),
    format.money(line.last),
    format.money(line.low),
    format.money(line.high),
  );
  return (
    <figure className="chart">
      <svg
        viewBox={`-2 -6 ${width + 4} ${height + 8}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${t.wallet.chart}. ${text}`}
      >
        <path className="chart-area" d={`M${path}L${width} ${height}L0 ${height}Z`} />
        <path className="chart-line" d={`M${path}`} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption>
        <Text size="xs" c="dimmed" component="span">
          {format.moment(line.from)}
        </Text>
        <Text size="xs" c="dimmed" component="span">
          {format.moment(line.until)}
        </Text>
      </figcaption>
      <Text size="sm" c="dimmed">
        {text}
      </Text>
    </figure>
  );
}
