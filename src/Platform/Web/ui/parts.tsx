import { ChevronDown, CircleAlert, LoaderCircle } from 'lucide-react';
import type { ButtonHTMLAttributes, CSSProperties, ReactNode, SelectHTMLAttributes } from 'react';
import { ApiError } from '../sdk/event';
import { hue, initials } from './format';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'primary' | 'plain' | 'quiet' | 'danger';
  size?: 'normal' | 'small';
  wide?: boolean;
  busy?: boolean;
}

export function Button({ look = 'plain', size = 'normal', wide, busy, children, className, disabled, ...rest }: ButtonProps) {
  const classes = ['button', look !== 'plain' && `button--${look}`, size === 'small' && 'button--small', wide && 'button--wide', className];
  return (
    <button type="button" {...rest} className={classes.filter(Boolean).join(' ')} disabled={disabled || busy} aria-busy={busy || undefined}>
      {busy && <Spinner size={18} />}
      {children}
    </button>
  );
}

export function Spinner({ size = 20 }: { size?: number }) {
  return <LoaderCircle className="spinner" size={size} aria-hidden="true" />;
}

export function Select({ children, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <span className="select">
      <select className="input" {...rest}>
        {children}
      </select>
      <ChevronDown size={16} aria-hidden="true" />
    </span>
  );
}

export function Avatar({ name, className }: { name: string; className?: string }) {
  const style = { '--hue': hue(name) } as CSSProperties;
  return (
    <span className={`avatar ${className ?? ''}`} style={style} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

export function Progress({ value, label }: { value: number; label: string }) {
  const style = { '--value': value } as CSSProperties;
  return (
    <div className="progress" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(value * 100)}>
      <div className="progress__bar" style={style} />
    </div>
  );
}

export function ErrorNotice({ error, children }: { error: unknown; children?: ReactNode }) {
  return (
    <div className="notice notice--error" role="alert">
      <CircleAlert size={18} aria-hidden="true" />
      <div>
        {error instanceof Error ? error.message : String(error)}
        {error instanceof ApiError && error.code === 'sso_required' && (
          <>
            {' '}
            <a href={`/sign-in?${new URLSearchParams({ next: location.pathname })}`}>Continue with your company</a>
          </>
        )}
        {children}
      </div>
    </div>
  );
}

/** Nothing is here, or it could not be fetched: says why and what to do. */
export function Blank({ icon, title, children, page }: { icon: ReactNode; title: string; children?: ReactNode; /** It is all that the page shows, so its title is the page's. */ page?: boolean }) {
  const Title = page ? 'h1' : 'h2';
  return (
    <div className="blank">
      {icon}
      <Title>{title}</Title>
      {children}
    </div>
  );
}

export function Skeleton({ height, width = '100%' }: { height: number; width?: number | string }) {
  return <div className="skeleton" style={{ height, width }} aria-hidden="true" />;
}
