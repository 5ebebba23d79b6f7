import { Button, NativeSelect, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '../text/text-context.tsx';
import { isNarrowed, noFilter } from './list-filter.ts';
import type { ListFilter } from './list-filter.ts';

interface FilterBarProps {
  label: string;
  choices: Readonly<Record<string, string>>;
  filter: ListFilter;
  onChange(filter: ListFilter): void;
  children?: ReactNode;
}

/** Narrows a list to one value and to a span of days. */
export function FilterBar({ label, choices, filter, onChange, children }: FilterBarProps) {
  const { t } = useText();
  const options = [
    { value: '', label: t.all },
    ...Object.entries(choices).map(([value, name]) => ({ value, label: name })),
  ];
  return (
    <div className="filter-bar">
      <NativeSelect
        label={label}
        data={options}
        value={filter.value}
        onChange={(event) => onChange({ ...filter, value: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label={t.from}
        max={filter.until || undefined}
        value={filter.from}
        onChange={(event) => onChange({ ...filter, from: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label={t.until}
        min={filter.from || undefined}
        value={filter.until}
        onChange={(event) => onChange({ ...filter, until: event.currentTarget.value })}
      />
      {children}
      {isNarrowed(filter) && (
        <Button variant="subtle" onClick={() => onChange(noFilter)}>
          {t.resetFilter}
        </Button>
      )}
    </div>
  );
}
