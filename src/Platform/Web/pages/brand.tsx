/** How an event's own colours and pictures come onto its pages. */
import type { CSSProperties, ReactNode } from 'react';
import type { Branding } from '../sdk/event';
import { coverHue } from '../ui/format';

type Vars = CSSProperties & Record<`--${string}`, string | number>;

/** The pair of colours, for the elements below; undefined where the platform's own hold. */
export function brandVars(branding: Branding | undefined): Vars | undefined {
  return branding?.background && branding.foreground ? { '--brand': branding.background, '--on-brand': branding.foreground } : undefined;
}

/** The picture of an event, or else a pattern in its colour. */
export function Cover({ event, className, children }: { event: { slug: string; branding?: Branding }; className: string; children?: ReactNode }) {
  const picture = event.branding?.coverUrl;
  const vars: Vars = { '--hue': coverHue(event.slug), ...brandVars(event.branding) };
  return (
    <div className={`${className} ${event.branding?.background ? 'cover--brand' : ''}`} style={vars} aria-hidden={children === undefined || undefined}>
      {picture && <img className="cover__picture" src={picture} alt="" />}
      {children}
    </div>
  );
}

/** Beside a name that says whose it is, so without words of its own. */
export function Logo({ branding }: { branding: Branding | undefined }) {
  return branding?.logoUrl ? <img className="logo" src={branding.logoUrl} alt="" /> : null;
}
