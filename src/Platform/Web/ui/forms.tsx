import { CircleAlert } from 'lucide-react';
import {
  createContext,
  useContext,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  type FormEvent,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'react';
import { ApiError } from '../sdk/event';
import { Button, ErrorNotice, Select } from './parts';
import { fieldProblem, inWords, type FieldProblem } from './problems';

/** What a form's fields hold, read when it is sent. */
export class Values {
  constructor(private readonly data: FormData) {}

  text(name: string): string {
    const value = this.data.get(name);
    return typeof value === 'string' ? value.trim() : '';
  }

  /** As typed: spaces belong to a password. */
  raw(name: string): string {
    const value = this.data.get(name);
    return typeof value === 'string' ? value : '';
  }

  /** Undefined when left empty: such a field is left out of the request. */
  optional(name: string): string | undefined {
    return this.text(name) || undefined;
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === '' ? undefined : Number(text);
  }

  checked(name: string): boolean {
    return this.data.has(name);
  }

  all(name: string): string[] {
    return this.data.getAll(name).filter((value) => typeof value === 'string');
  }
}

interface Context {
  problem: FieldProblem | null;
  labels: Map<string, string>;
}

const FormContext = createContext<Context>({ problem: null, labels: new Map() });

interface FormProps {
  send: (values: Values) => Promise<void>;
  /** On the button. */
  submit: string;
  /** Codes that do not begin with their field's name. */
  aliases?: Record<string, string>;
  cancel?: () => void;
  children: ReactNode;
  /** Beside the button. */
  extra?: ReactNode;
  wide?: boolean;
  submitLook?: 'primary' | 'plain' | 'danger';
  testId?: string;
  disabled?: boolean;
  /** Offered when somebody else changed it in the meantime. */
  lookAgain?: () => void;
}

/** Sends its fields, and shows what the server refuses at the field that it is about. */
export function Form({ send, submit, aliases, cancel, children, extra, wide, submitLook = 'primary', testId, disabled, lookAgain }: FormProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [stale, setStale] = useState(false);
  const [problem, setProblem] = useState<FieldProblem | null>(null);
  const labels = useRef(new Map<string, string>());
  const form = useRef<HTMLFormElement>(null);
  const context = useMemo(() => ({ problem, labels: labels.current }), [problem]);

  useEffect(() => {
    if (!problem) return;
    const field = form.current?.elements.namedItem(problem.field);
    if (field instanceof HTMLElement) field.focus();
  }, [problem]);

  const go = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || !form.current) return;
    setBusy(true);
    setError(null);
    setProblem(null);
    setStale(false);
    try {
      await send(new Values(new FormData(form.current)));
    } catch (reason) {
      const at = reason instanceof ApiError ? fieldProblem(reason, labels.current, aliases) : null;
      setStale(reason instanceof ApiError && reason.status === 412);
      if (at) setProblem(at);
      else setError(new Error(inWords(reason instanceof Error ? reason.message : String(reason), labels.current)));
    } finally {
      setBusy(false);
    }
  };

  return (
    <FormContext value={context}>
      <form ref={form} className="form" onSubmit={(event) => void go(event)} noValidate={false}>
        {children}
        {error && (
          <ErrorNotice error={error}>
            {stale && lookAgain && (
              <p>
                <button type="button" className="textlink" onClick={lookAgain} data-testid="look-again">
                  Look again
                </button>
              </p>
            )}
          </ErrorNotice>
        )}
        <div className="form__end">
          <Button type="submit" look={submitLook} busy={busy} disabled={disabled} wide={wide} data-testid={testId}>
            {submit}
          </Button>
          {cancel && (
            <Button look="quiet" onClick={cancel}>
              Cancel
            </Button>
          )}
          {extra}
        </div>
      </form>
    </FormContext>
  );
}

interface FieldProps {
  name: string;
  label: string;
  hint?: ReactNode;
  optional?: boolean;
}

interface Wiring {
  id: string;
  name: string;
  'aria-invalid'?: true;
  'aria-describedby'?: string;
}

/** A label, what to know, and what is wrong, tied to one control. */
function Field({ name, label, hint, optional, children }: FieldProps & { children: (wiring: Wiring) => ReactNode }) {
  const { problem, labels } = useContext(FormContext);
  const id = useId();
  useEffect(() => {
    labels.set(name, label);
    return () => void labels.delete(name);
  }, [labels, name, label]);
  const wrong = problem?.field === name ? problem.text : null;
  const described = [hint ? `${id}-hint` : '', wrong ? `${id}-wrong` : ''].filter(Boolean).join(' ');
  return (
    <div className={`field ${wrong ? 'field--wrong' : ''}`}>
      <label className="field__label" htmlFor={id}>
        {label} {optional && <span className="field__optional">optional</span>}
      </label>
      {children({ id, name, ...(wrong ? { 'aria-invalid': true as const } : {}), ...(described ? { 'aria-describedby': described } : {}) })}
      {hint && (
        <p className="field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && (
        <p className="field__wrong" id={`${id}-wrong`} role="alert">
          <CircleAlert size={15} aria-hidden="true" />
          {wrong}
        </p>
      )}
    </div>
  );
}

export function TextField({ name, label, hint, optional, ...rest }: FieldProps & Omit<InputHTMLAttributes<HTMLInputElement>, 'name'>) {
  return (
    <Field name={name} label={label} hint={hint} optional={optional}>
      {(wiring) => <input className="input" required={!optional} maxLength={200} {...rest} {...wiring} />}
    </Field>
  );
}

export function AreaField({ name, label, hint, optional, ...rest }: FieldProps & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'name'>) {
  return (
    <Field name={name} label={label} hint={hint} optional={optional}>
      {(wiring) => <textarea className="input input--area" rows={4} required={!optional} {...rest} {...wiring} />}
    </Field>
  );
}

export function SelectField({ name, label, hint, optional, children, ...rest }: FieldProps & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'name'>) {
  return (
    <Field name={name} label={label} hint={hint} optional={optional}>
      {(wiring) => (
        <Select {...rest} {...wiring}>
          {children}
        </Select>
      )}
    </Field>
  );
}

/** A box to tick; its label is the sentence beside it. */
export function CheckField({ name, label, hint, ...rest }: { name: string; label: ReactNode; hint?: ReactNode } & Omit<InputHTMLAttributes<HTMLInputElement>, 'name'>) {
  const id = useId();
  return (
    <div className="check">
      <input type="checkbox" id={id} name={name} aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p className="field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Boxes or dots under one question. */
export function ChoiceGroup({ legend, children, optional }: { legend: string; children: ReactNode; optional?: boolean }) {
  return (
    <fieldset className="choices">
      <legend className="field__label">
        {legend} {optional && <span className="field__optional">optional</span>}
      </legend>
      {children}
    </fieldset>
  );
}
