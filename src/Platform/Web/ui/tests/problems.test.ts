import { describe, expect, it } from 'vitest';
import { fieldProblem, inWords } from '../problems';

const labels = new Map([
  ['name', 'Name'],
  ['email', 'Email'],
  ['timeZone', 'Time zone'],
  ['endsAt', 'Ends'],
  ['current', 'Present password'],
  ['holderName', 'Who comes'],
]);
const problem = (code: string, message = 'No.') => ({ code, message });

describe('a problem and its field', () => {
  it('finds the field that the code begins with', () => {
    expect(fieldProblem(problem('time_zone_unknown', "'timeZone' must be an IANA zone."), labels)).toEqual({ field: 'timeZone', text: '“Time zone” must be an IANA zone.' });
    expect(fieldProblem(problem('current_password_wrong'), labels)?.field).toBe('current');
  });

  it('takes the longest name, and no name that is only a part of a word', () => {
    expect(fieldProblem(problem('holder_name_too_long'), labels)?.field).toBe('holderName');
    expect(fieldProblem(problem('names_invalid'), labels)).toBeNull();
  });

  it('follows an alias, when the form has its field', () => {
    expect(fieldProblem(problem('times_invalid'), labels, { times_invalid: 'endsAt' })?.field).toBe('endsAt');
    expect(fieldProblem(problem('times_invalid'), labels, { times_invalid: 'salesUntil' })).toBeNull();
  });

  it('says that a field is empty in the words of the form', () => {
    expect(fieldProblem(problem('email_missing', "'email' must not be empty."), labels)?.text).toBe('Please fill this in.');
  });

  it('leaves to the whole form what is about no field', () => {
    expect(fieldProblem(problem('sold_out'), labels)).toBeNull();
  });

  it('keeps quotes that are no field', () => {
    expect(inWords("'Dinner' is not on sale, 'email' is.", labels)).toBe("'Dinner' is not on sale, “Email” is.");
  });
});
