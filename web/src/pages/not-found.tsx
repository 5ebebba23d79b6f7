import { Anchor, Text } from '@mantine/core';
import { Link } from '../navigation/navigation.tsx';
import { PageHeading } from '../parts/page-heading.tsx';
import { useText } from '../text/text-context.tsx';

/** For addresses that lead nowhere. */
export function NotFoundPage() {
  const { t } = useText();
  return (
    <>
      <PageHeading title={t.notFound.title} />
      <Text>{t.notFound.text}</Text>
      <Anchor inherit renderRoot={(props) => <Link {...props} href="/" />}>
        {t.notFound.home}
      </Anchor>
    </>
  );
}
