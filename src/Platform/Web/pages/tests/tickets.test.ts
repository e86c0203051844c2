import { describe, expect, it } from 'vitest';
import type { Question } from '../../sdk/event';
import { fitted, mostOf } from '../tickets/choice';
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

describe('a choice of tickets', () => {
  const type = (id: string, available: number, more: object = {}) => ({ id, name: id.toUpperCase(), quotaId: `q-${id}`, available, maxPerOrder: 10, salesFrom: null, salesUntil: null, ...more });

  it('stays as it is while it can be had', () => {
    const types = [type('a', 3), type('b', 1)];
    expect(fitted({ a: 3, b: 1 }, types, types)).toEqual({ counts: { a: 3, b: 1 }, said: [] });
  });

  it('goes down to what is left, and says so', () => {
    const before = [type('a', 5), type('b', 5), type('c', 5), type('d', 5)];
    const { counts, said } = fitted({ a: 3, b: 2, c: 1, d: 1 }, before, [type('a', 2), type('b', 0), type('d', 5, { salesUntil: '2020-01-01T00:00:00Z' })]);
    expect(counts).toEqual({ a: 2 });
    expect(said).toEqual([
      'Only 2 of “A” can still be had: your order has 2 now, instead of 3.',
      '“B” is sold out, and no longer in your order.',
      '“C” is no longer on sale, and no longer in your order.',
      '“D” is no longer on sale, and no longer in your order.',
    ]);
  });

  it('shares what is left of a quota between its types', () => {
    const types = [type('a', 3, { quotaId: 'hall' }), type('b', 3, { quotaId: 'hall' })];
    expect(mostOf(types[1]!, types, { a: 2 })).toBe(1);
    expect(fitted({ a: 2, b: 2 }, types, types).counts).toEqual({ a: 2, b: 1 });
  });

  it('has no more than an order may have', () => {
    expect(fitted({ a: 6 }, [type('a', 9)], [type('a', 9, { maxPerOrder: 4 })]).counts).toEqual({ a: 4 });
  });
});
