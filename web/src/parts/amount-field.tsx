import { TextInput } from '@mantine/core';
import type { TextInputProps } from '@mantine/core';
import { decimalsOf, money } from '#sdk/src/money.ts';
import { amountMinorMax, readAmount } from '../text/read-amount.ts';
import type { AmountReading } from '../text/read-amount.ts';
import { useText } from '../text/text-context.tsx';

interface AmountFieldProps extends Omit<TextInputProps, 'value' | 'onChange' | 'error'> {
  value: string;
  onChange(text: string): void;
  currencyCode: string;
  /** Whether to say what is wrong: not before somebody has tried to send it. */
  isChecked: boolean;
  leastMinor?: bigint;
}

/** A field for money. What is typed stays as it is typed; `readAmount` makes an amount of it. */
export function AmountField(props: AmountFieldProps) {
  const { value, onChange, currencyCode, isChecked, leastMinor = 1n, ...rest } = props;
  const problem = useAmountProblem(readAmount(value, currencyCode, leastMinor), {
    currencyCode,
    leastMinor,
  });
  return (
    <TextInput
      inputMode="decimal"
      autoComplete="off"
      rightSection={<span className="unit">{currencyCode}</span>}
      rightSectionWidth={52}
      {...rest}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={isChecked ? problem : undefined}
    />
  );
}

function useAmountProblem(
  { problem }: AmountReading,
  { currencyCode, leastMinor }: { currencyCode: string; leastMinor: bigint },
): string | undefined {
  const { t, format } = useText();
  if (problem === undefined) return undefined;
  if (problem === 'decimals') return t.amount.decimals(decimalsOf(currencyCode));
  if (problem !== 'outOfRange') return t.amount[problem];
  const limit = (amountMinor: bigint) => format.money({ ...money(currencyCode, '0'), amountMinor });
  return t.amount.outOfRange(limit(leastMinor), limit(amountMinorMax));
}
