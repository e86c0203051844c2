import { useEffect, useId, useRef, useState } from 'react';
import type { Question } from '../../sdk/event';
import { Button } from '../../ui/parts';
import { api } from '../account';

const maxBytes = 10 * 1024 * 1024;

interface Props {
  eventId: string;
  question: Question;
  /** The key of the file that was uploaded. */
  answer: string;
  set: (key: string) => void;
}

/** A file is sent when it is chosen; the order names it by its key, and nobody but the organiser can read it. */
export function FileAnswer({ eventId, question, answer, set }: Props) {
  const id = useId();
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  // The order names what has been sent: sent meanwhile, it would leave the file out without a word.
  useEffect(() => input.current?.setCustomValidity(busy ? 'Your file is still being sent. Wait a moment, then press again.' : ''), [busy]);
  const send = async (file: File | undefined): Promise<void> => {
    if (!file || busy) return;
    // Emptied after a refusal: what was not sent must not look as if it were, and the same file can be chosen again.
    const refuse = (why: string): void => {
      setProblem(why);
      if (input.current) input.current.value = '';
    };
    if (file.size > maxBytes) return refuse('The file is larger than 10 MB.');
    setBusy(true);
    setProblem(null);
    try {
      const sent = await api.call<{ key: string; fileName: string }>(`/events/${eventId}/questions/${question.id}/files?${new URLSearchParams({ name: file.name })}`, { method: 'POST', raw: file });
      setName(sent.fileName);
      set(sent.key);
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className={`field ${problem ? 'field--wrong' : ''}`}>
      <label className="field__label" htmlFor={id}>
        {question.label} {!question.required && <span className="field__optional">optional</span>}
      </label>
      {answer ? (
        <div className="row">
          <span className="badge badge--good">{name || 'File sent'}</span>
          <Button
            size="small"
            look="quiet"
            onClick={() => {
              set('');
              setName('');
            }}
          >
            Choose another
          </Button>
        </div>
      ) : (
        <input
          id={id}
          ref={input}
          className="input"
          type="file"
          accept=".pdf,.png,.jpg,.jpeg,.webp,.txt"
          required={question.required}
          aria-busy={busy}
          aria-describedby={`${id}-hint`}
          onClick={(click) => busy && click.preventDefault()}
          onChange={(change) => void send(change.target.files?.[0])}
        />
      )}
      <p className="field__hint" id={`${id}-hint`} role="status">
        {busy ? 'Sending…' : 'PDF, picture or plain text, at most 10 MB.'}
      </p>
      {problem && (
        <p className="field__wrong" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
