import { brandVars, Cover, Logo } from '../../brand';
import { Colours, PictureRow, type Pair } from '../Look';
import type { Setup } from './SetupPage';

/** How the event looks on its pages, in its mails, on its tickets and in the widget: its own look, or else its organisation's. */
export function BrandingTab({ event, reloadEvent }: Setup) {
  const branding = event.branding;
  const path = `/events/${event.id}/branding`;
  const pair: Pair = { background: branding?.background ?? null, foreground: branding?.foreground ?? null };
  const inherited = branding !== undefined && !branding.ownLogo && branding.logoUrl !== null;
  const organisation = event.organisation?.name ?? 'the organisation';
  return (
    <>
      <Colours
        key={branding?.version}
        path={path}
        version={branding?.version ?? 0}
        own={branding?.ownColours ? pair : null}
        otherwise={branding?.ownColours ? { background: null, foreground: null } : pair}
        label="Colours of its own"
        hint={`Otherwise the event looks as ${organisation} does.`}
        changed={reloadEvent}
        example={(shown) => {
          const look = { ...shown, logoUrl: branding?.logoUrl ?? null, coverUrl: branding?.coverUrl ?? null, version: 0, ownColours: true, ownLogo: true };
          return (
            <div className="lookalike" style={brandVars(look)} data-branded={shown.background !== null || undefined} aria-hidden="true">
              <Cover event={{ slug: event.slug, branding: look }} className="card__cover" />
              <div className="lookalike__body">
                <Logo branding={look} />
                <div>
                  <span className="eyebrow">{event.organisation?.name}</span>
                  <strong>{event.name}</strong>
                </div>
                <span className="button button--primary">Register</span>
              </div>
            </div>
          );
        }}
      />
      <section className="panel" aria-labelledby="pictures">
        <div className="panel__head">
          <div>
            <h2 id="pictures">Pictures</h2>
            <p>PNG, JPEG or WebP, at most 5 MB. They are made smaller, and what else is in the files (like where a photo was taken) is left out.</p>
          </div>
        </div>
        <PictureRow
          path={`${path}/logo`}
          kind="logo"
          name="Logo"
          says={inherited ? `That of ${organisation}; another one is used for this event only.` : 'Beside your name, on tickets and in mails; best square, at least 128 pixels.'}
          url={branding?.logoUrl ?? null}
          inherited={inherited}
          changed={reloadEvent}
        />
        <PictureRow path={`${path}/cover`} kind="cover" name="Cover" says="Across the top of the event’s page and in the listing; best 1600 by 600 pixels." url={branding?.coverUrl ?? null} changed={reloadEvent} />
      </section>
    </>
  );
}
