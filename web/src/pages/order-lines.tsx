import { Button, Group, Stack, TextInput } from '@mantine/core';
import { AmountField } from '../parts/amount-field.tsx';
import { useText } from '../text/text-context.tsx';
import { linesMax, readQuantity, titleMax } from './order-form.ts';
import type { LineText } from './order-form.ts';

interface OrderLinesProps {
  lines: readonly LineText[];
  onChange(lines: readonly LineText[]): void;
  currencyCode: string;
  isChecked: boolean;
}

/** The lines of a new order; at least one stays. */
export function OrderLines({ lines, onChange, ...rest }: OrderLinesProps) {
  const { t } = useText();
  const add = () => {
    const id = Math.max(...lines.map((line) => line.id)) + 1;
    onChange([...lines, { id, title: '', quantity: '1', unitAmount: '' }]);
  };
  return (
    <Stack>
      {lines.map((line, index) => (
        <LineFields
          key={line.id}
          line={line}
          number={index + 1}
          onChange={(changed) => onChange(lines.with(index, changed))}
          onRemove={
            lines.length > 1 ? () => onChange(lines.filter((each) => each !== line)) : undefined
          }
          {...rest}
        />
      ))}
      {lines.length < linesMax && (
        <Group>
          <Button variant="default" size="xs" onClick={add}>
            {t.newOrder.addLine}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

interface LineFieldsProps {
  line: LineText;
  number: number;
  onChange(line: LineText): void;
  onRemove: (() => void) | undefined;
  currencyCode: string;
  isChecked: boolean;
}

function LineFields(props: LineFieldsProps) {
  const { line, number, onChange, onRemove, currencyCode, isChecked } = props;
  const { t } = useText();
  const titleMissing = line.title.trim() === '';
  const quantityWrong = readQuantity(line.quantity) === undefined;
  return (
    <fieldset className="line-fields">
      <legend>{t.newOrder.line(number)}</legend>
      <TextInput
        label={t.newOrder.lineTitle}
        value={line.title}
        maxLength={titleMax}
        required
        onChange={(event) => onChange({ ...line, title: event.currentTarget.value })}
        error={isChecked && titleMissing ? t.newOrder.lineTitleMissing : undefined}
      />
      <div className="line-figures">
        <TextInput
          label={t.newOrder.quantity}
          inputMode="numeric"
          value={line.quantity}
          required
          onChange={(event) => onChange({ ...line, quantity: event.currentTarget.value })}
          error={isChecked && quantityWrong ? t.newOrder.quantityInvalid : undefined}
        />
        <AmountField
          label={t.newOrder.unitAmount}
          value={line.unitAmount}
          onChange={(unitAmount) => onChange({ ...line, unitAmount })}
          currencyCode={currencyCode}
          isChecked={isChecked}
          leastMinor={0n}
          required
        />
      </div>
      {onRemove !== undefined && (
        <Button variant="subtle" size="compact-sm" onClick={onRemove}>
          {t.newOrder.removeLine(number)}
        </Button>
      )}
    </fieldset>
  );
}
