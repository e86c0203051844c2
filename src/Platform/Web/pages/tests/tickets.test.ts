import { describe, expect, it } from 'vitest';
import type { Question } from '../../sdk/event';
import { keepOrder, keptOrders } from '../tickets/keptOrders';
import { sentAnswers, shownQuestions } from '../tickets/questions';

const question = (id: string, more: Partial<Question> = {}): Question => ({ id, label: id, kind: 'text', required: false, options: [], ticketTypeId: null, shownIf: null, version: 1, ...more });
const workshop = question('workshop', { kind: 'yes_no' });
const which = question('which', { kind: 'choice', options: ['a', 'b'], shownIf: { questionId: 'workshop', answer: 'yes' } });
const tools = question('tools', { kind: 'choices', options: ['x', 'y'], shownIf: { questionId: 'which', answer: 'b' } });
const all = [workshop, which, tools, question('dinner', { ticketTypeId: 't2' })];
const shown = (answers: Parameters<typeof shownQuestions>[2], type = 't1') => shownQuestions(all, type, answers).map(({ id }) => id);

describe('questions', () => {
  it('shows what applies to the ticket', () => {
    expect(shown({})).toEqual(['workshop']);
    expect(shown({}, 't2')).toEqual(['workshop', 'dinner']);
  });

  it('shows what follows from an answer, and what follows from that', () => {
    expect(shown({ workshop: true })).toEqual(['workshop', 'which']);
    expect(shown({ workshop: true, which: 'b' })).toEqual(['workshop', 'which', 'tools']);
    expect(shown({ workshop: false, which: 'b' })).toEqual(['workshop']);
  });

  it('sends no answer to a question that went away, and no empty one', () => {
    expect(sentAnswers(all, 't1', { workshop: false, which: 'b', tools: ['x'] })).toEqual({ workshop: false });
    expect(sentAnswers(all, 't1', { workshop: true, which: ' ' })).toEqual({ workshop: true });
    expect(sentAnswers(all, 't1', { workshop: true, which: 'b', tools: [] })).toEqual({ workshop: true, which: 'b' });
  });
});

describe('orders kept on the device', () => {
  const store = () => {
    const kept = new Map<string, string>();
    return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  };
  const order = (id: string) => ({ id, key: `k${id}`, eventName: 'Fair', at: '2026-05-01T00:00:00Z' });

  it('are there again, newest first, each once', () => {
    const device = store();
    for (const id of ['1', '2', '1']) keepOrder(device, order(id));
    expect(keptOrders(device).map(({ id }) => id)).toEqual(['1', '2']);
  });

  it('are none where nothing, or something else, is kept', () => {
    expect(keptOrders(null)).toEqual([]);
    const device = store();
    device.setItem('events.orders', '{"id":1}');
    expect(keptOrders(device)).toEqual([]);
    device.setItem('events.orders', 'not json');
    expect(keptOrders(device)).toEqual([]);
  });

  it('stay bounded', () => {
    const device = store();
    for (let index = 0; index < 80; index++) keepOrder(device, order(String(index)));
    expect(keptOrders(device)).toHaveLength(50);
    expect(keptOrders(device)[0]?.id).toBe('79');
  });
});
