import { Loaded } from '../../../ui/loaded';
import { useLoad } from '../../../ui/load';
import type { Quota } from '../../../sdk/event';
import { api } from '../../account';
import { ConsentPanel } from './ConsentPanel';
import { InvitationsPanel } from './InvitationsPanel';
import { QuestionsPanel } from './QuestionsPanel';
import type { Setup } from './SetupPage';
import { StockPanel } from './StockPanel';
import { TypesPanel } from './TypesPanel';
import { VouchersPanel } from './VouchersPanel';
import { WidgetPanel } from './WidgetPanel';

export function TicketsTab({ event, onSale }: Setup) {
  const quotas = useLoad((signal) => api.call<Quota[]>(`/events/${event.id}/quotas`, { signal }), event.id, () => 10_000);
  const changed = (): void => {
    onSale.reload();
    quotas.reload();
  };
  return (
    <Loaded of={onSale}>
      {(value) => (
        <>
          <StockPanel event={event} quotas={quotas} changed={changed} />
          <TypesPanel event={event} onSale={value} quotas={quotas.value ?? []} changed={changed} />
          <QuestionsPanel event={event} onSale={value} changed={changed} />
          <ConsentPanel event={event} consent={value.consent} changed={changed} />
          <VouchersPanel event={event} types={value.types} />
          <InvitationsPanel event={event} types={value.types} />
          <WidgetPanel event={event} />
        </>
      )}
    </Loaded>
  );
}
