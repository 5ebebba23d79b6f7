import { Skeleton, Text } from '@mantine/core';
import { useMemo } from 'react';
import type { Throughput } from '#gen/sdk/operator/types.ts';
import { useText } from '../text/text-context.tsx';
import { useOperatorText } from './operator-text.ts';
import { ratesOf } from './rates.ts';
import type { Rates } from './rates.ts';
import { Section } from './section.tsx';

const width = 640;
const height = 120;

/** What was done in the last minutes; the sentences say the same as the picture. */
export function ThroughputSection({ throughput }: { throughput: Throughput[] | undefined }) {
  const { t } = useText();
  const { o } = useOperatorText();
  const rates = useMemo(() => throughput && ratesOf(throughput, { width, height }), [throughput]);
  return (
    <Section id="throughput" title={o.throughput.title}>
      {throughput === undefined && <Skeleton height={140} aria-label={t.loading} />}
      {throughput !== undefined && rates === undefined && (
        <Text size="sm" c="dimmed">
          {o.throughput.empty}
        </Text>
      )}
      {rates !== undefined && <Picture rates={rates} />}
    </Section>
  );
}

function Picture({ rates }: { rates: Rates }) {
  const { o, format } = useOperatorText();
  const { total, now } = rates;
  const rate = (value: number) => format.number(Math.round(value * 10) / 10);
  const text = o.throughput.text(
    format.duration(total.ms),
    ...([total.created, total.paid, total.failed].map((count) => format.number(Number(count))) as [
      string,
      string,
      string,
    ]),
  );
  const pathOf = (points: Rates['created']) => `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`;
  return (
    <figure className="chart">
      <svg
        viewBox={`-2 -6 ${width + 4} ${height + 8}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${o.throughput.title}. ${text}`}
      >
        <path className="chart-line" d={pathOf(rates.created)} vectorEffect="non-scaling-stroke" />
        <path
          className="chart-line chart-second"
          d={pathOf(rates.paid)}
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <figcaption>
        <Text size="xs" c="dimmed" component="span">
          {format.clock(rates.from)}
        </Text>
        <Text size="xs" c="dimmed" component="span">
          {o.throughput.top(rate(rates.topPerSecond))}
        </Text>
        <Text size="xs" c="dimmed" component="span">
          {format.clock(rates.until)}
        </Text>
      </figcaption>
      <Text size="xs" className="chart-legend">
        <span className="legend">{o.throughput.created}</span>
        <span className="legend legend-second">{o.throughput.paid}</span>
      </Text>
      <Text size="sm" c="dimmed">
        {text}
      </Text>
      <Text size="sm" c="dimmed">
        {o.throughput.now(rate(now.created), rate(now.published), rate(now.consumed))}
      </Text>
    </figure>
  );
}
