import { Badge, Group, Text } from '@mantine/core';
import { useText } from '../text/text-context.tsx';
import { DiscardLetter } from './discard-letter.tsx';
import { letterTitle } from './letter.ts';
import type { LetterProps } from './letter.ts';
import { useOperatorText } from './operator-text.ts';
import { ReplayLetters } from './replay-letters.tsx';
import { ShowLetter } from './show-letter.tsx';

/** A dead letter in the list. */
export function LetterItem({ letter, client, onDone }: LetterProps) {
  const { t } = useText();
  const { o, format } = useOperatorText();
  const { resolution } = letter;
  const facts = [
    `${t.operations.parts[letter.service] ?? letter.service}, ${letter.source}`,
    letter.createTime === undefined ? '' : format.moment(letter.createTime),
    o.letters.tried(letter.deliveries),
  ];
  return (
    <li>
      <Group gap="xs">
        <Text fw={600} className="wrap-anywhere">
          {letterTitle(letter, o.letters.untyped)}
        </Text>
        {resolution !== undefined && (
          <Badge variant="outline">{o.letters.resolutions[resolution] ?? resolution}</Badge>
        )}
      </Group>
      <Text size="sm" className="wrap-anywhere letter-cause">
        {letter.cause}
      </Text>
      <Text size="xs" c="dimmed" className="wrap-anywhere">
        {facts.filter((fact) => fact !== '').join(' · ')}
      </Text>
      {letter.reason !== '' && <Text size="sm">{o.letters.reasonWas(letter.reason)}</Text>}
      <Group gap="xs" mt="xs">
        <ShowLetter letter={letter} client={client} />
        {resolution === undefined && (
          <>
            <ReplayLetters
              label={o.letters.replay}
              letters={[letter]}
              client={client}
              onDone={onDone}
            />
            <DiscardLetter letter={letter} client={client} onDone={onDone} />
          </>
        )}
      </Group>
    </li>
  );
}
