import { describe, expect, it } from 'vitest';
import type { PrivacyRequest } from '../../sdk/event';
import { requestSays, requestStates } from '../profile/privacy';

const request: PrivacyRequest = { id: '1', kind: 'erasure', state: 'queued', confirmedAt: 'A', dueAt: 'B', settledAt: null, code: null };
const moment = (at: string | null) => at ?? '';

describe('a request about one’s data', () => {
  it('shows its clock while it is open', () => {
    expect(requestSays(request, moment)).toBe('Confirmed A, due by B');
    expect(requestStates[request.state].name).toBe('Queued');
  });

  it('says when and why it ended', () => {
    expect(requestSays({ ...request, state: 'done', settledAt: 'C' }, moment)).toBe('Confirmed A, settled C');
    expect(requestSays({ ...request, state: 'refused', settledAt: 'C', code: 'last_admin' }, moment)).toBe('Confirmed A, settled C (last admin)');
  });
});
