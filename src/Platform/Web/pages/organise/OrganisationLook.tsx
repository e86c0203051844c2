import type { Organisation, OrganisationBranding } from '../../sdk/event';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { api } from '../account';
import { brandVars, Logo } from '../brand';
import { Colours, PictureRow } from './Look';

/** How the organisation looks; its events look the same until they have a look of their own. */
export function OrganisationLook({ organisation }: { organisation: Organisation }) {
  const path = `/organisations/${organisation.id}/branding`;
  const look = useLoad((signal) => api.call<OrganisationBranding>(path, { signal }), path);
  return (
    <Loaded of={look}>
      {(branding) => (
        <>
          <Colours
            key={branding.version}
            path={path}
            version={branding.version}
            own={branding.background ? branding : null}
            otherwise={{ background: null, foreground: null }}
            label="Use our own colours"
            hint="All events of the organisation take them, except those with colours of their own."
            changed={look.reload}
            example={(shown) => {
              const example = { ...shown, logoUrl: branding.logoUrl, coverUrl: null, version: 0, ownColours: true, ownLogo: true };
              return (
                <div className="lookalike" style={brandVars(example)} data-branded={shown.background !== null || undefined} aria-hidden="true">
                  <div className="lookalike__body">
                    <Logo branding={example} />
                    <div>
                      <span className="eyebrow">{organisation.name}</span>
                      <strong>An event of yours</strong>
                    </div>
                    <span className="button button--primary">Register</span>
                  </div>
                </div>
              );
            }}
          />
          <section className="panel" aria-labelledby="pictures">
            <div className="panel__head">
              <h2 id="pictures">Logo</h2>
            </div>
            <PictureRow path={`${path}/logo`} kind="logo" name="Logo" says="PNG, JPEG or WebP, at most 5 MB. It is made 128 by 128 pixels, so a square one looks best." url={branding.logoUrl} changed={look.reload} />
          </section>
        </>
      )}
    </Loaded>
  );
}
