import { Building2 } from 'lucide-react';
import { useLoad } from '../../ui/load';
import { api } from '../account';

interface Options {
  required: boolean;
  items: { connectionId: string; name: string; url: string }[];
}

/** "Continue with your company": what the event that one came from demands, or what the typed address's domain offers. */
export function CompanySignIn({ email, next }: { email: string; next: string | null }) {
  const query = new URLSearchParams(next ? { next } : {});
  const event = next && /^\/e\/([\w-]+)/.exec(next)?.[1];
  if (event) query.set('event', event);
  // Only the domain is asked about: whose address it is, nobody needs to know before the sign-in.
  const domain = /@[^@\s]+\.[^@\s.]{2,}$/.exec(email)?.[0];
  if (domain) query.set('email', domain);
  const asks = Boolean(event || domain);
  const options = useLoad(asks ? (signal) => api.call<Options>(`/sso/options?${query}`, { signal }) : null, `sso ${query}`);
  const items = (asks && options.value?.items) || [];
  if (items.length === 0) return null;

  return (
    <div className="form" data-testid="company-sign-in">
      {options.value?.required && <p>This event is entered through your company’s sign-in.</p>}
      {items.map((item) => (
        <a key={item.connectionId} className="button button--primary button--wide" href={item.url}>
          <Building2 size={18} aria-hidden="true" /> Continue with {item.name}
        </a>
      ))}
    </div>
  );
}
