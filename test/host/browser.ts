/** How a browser's request leaves: a real one, or one into an app in this process. */
export type Send = (url: string, init: { method: string; headers: Record<string, string>; body?: string }) => Promise<Response>;

interface Page {
  url: string;
  status: number;
  text: string;
  headers: Headers;
}
interface Cookie {
  value: string;
  secure: boolean;
  sameSite: string;
}

const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };
const unescape = (text: string) => text.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]);
const attribute = (tag: string, name: string) => {
  const match = new RegExp(`\\b${name}="([^"]*)"`).exec(tag);
  return match ? unescape(match[1]) : undefined;
};

/** As much of a browser as a sign-in needs: cookies with their rules, redirects, links, forms, and the headers that say where it comes from. */
export class Browser {
  readonly cookies = new Map<string, Map<string, Cookie>>();
  readonly #send: Send;
  page: Page = { url: '', status: 0, text: '', headers: new Headers() };
  /** Addresses it went through, redirects too. */
  readonly trail: string[] = [];

  constructor(send: Send) {
    this.#send = send;
  }

  /** Opens an address as if typed, following redirects. */
  visit(url: string): Promise<Page> {
    return this.#go('GET', url, undefined, 'none');
  }

  /** Follows the link whose text matches. */
  follow(text: RegExp): Promise<Page> {
    for (const [, tag, content] of this.page.text.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/g)) {
      if (text.test(content))
        return this.#go('GET', new URL(attribute(tag, 'href') ?? '', this.page.url).href, undefined, this.page.url);
    }
    throw new Error(`no link ${text} in ${this.page.url}: ${this.page.text}`);
  }

  /** Sends the page's form: its hidden fields, and these. */
  submit(fields: Record<string, string> = {}): Promise<Page> {
    const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(this.page.text);
    if (!form) throw new Error(`no form in ${this.page.url}: ${this.page.status} ${this.page.text}`);
    const all = new URLSearchParams();
    for (const [input] of form[2].matchAll(/<input\b[^>]*>/g)) {
      if (attribute(input, 'type') === 'hidden') all.set(attribute(input, 'name') ?? '', attribute(input, 'value') ?? '');
    }
    for (const [name, value] of Object.entries(fields)) all.set(name, value);
    const action = new URL(attribute(form[1], 'action') ?? this.page.url, this.page.url);
    if (attribute(form[1], 'method')?.toLowerCase() === 'post')
      return this.#go('POST', action.href, all.toString(), this.page.url);
    action.search = all.toString();
    return this.#go('GET', action.href, undefined, this.page.url);
  }

  cookie(host: string, name: string): string | undefined {
    return this.cookies.get(host)?.get(name)?.value;
  }

  async #go(method: string, start: string, body: string | undefined, from: string): Promise<Page> {
    let url = start;
    let site = from === 'none' ? 'none' : this.#site(from, url);
    for (let hop = 0; hop < 12; hop++) {
      this.trail.push(url);
      const answer = await this.#send(url, this.#request(method, url, hop === 0 ? body : undefined, site, from));
      this.#keep(new URL(url), answer.headers);
      const location = answer.headers.get('location');
      if (answer.status < 300 || answer.status >= 400 || location === null) {
        this.page = { url, status: answer.status, text: await answer.text(), headers: answer.headers };
        return this.page;
      }
      await answer.arrayBuffer();
      const next = new URL(location, url).href;
      if (site !== 'none' || new URL(next).host !== new URL(url).host)
        site = site === 'cross-site' ? site : this.#site(url, next);
      url = next;
      method = 'GET';
    }
    throw new Error(`too many redirects: ${this.trail.join(' ')}`);
  }

  #site(from: string, to: string): string {
    return new URL(from).host === new URL(to).host ? 'same-origin' : 'cross-site';
  }

  #request(method: string, url: string, body: string | undefined, site: string, from: string) {
    const { host } = new URL(url);
    const jar = [...(this.cookies.get(host) ?? [])].filter(
      ([, { sameSite }]) => site !== 'cross-site' || (method === 'GET' && sameSite !== 'strict'),
    );
    return {
      method,
      headers: {
        host,
        accept: 'text/html,application/xhtml+xml',
        'sec-fetch-site': site,
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        ...(jar.length > 0 && { cookie: jar.map(([name, { value }]) => `${name}=${value}`).join('; ') }),
        ...(method === 'POST' && { origin: new URL(from).origin, 'content-type': 'application/x-www-form-urlencoded' }),
      } as Record<string, string>,
      ...(body !== undefined && { body }),
    };
  }

  #keep(url: URL, headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(/; */);
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const has = (wanted: string) => attributes.find((text) => text.toLowerCase().split('=')[0] === wanted);
      const secure = has('secure') !== undefined;
      if (name.startsWith('__Host-') && !(secure && has('path') === 'Path=/' && !has('domain') && url.protocol === 'https:')) {
        throw new Error(`a browser refuses the cookie ${line}`);
      }
      const jar = this.cookies.get(url.host) ?? new Map<string, Cookie>();
      const over = has('max-age') === 'Max-Age=0' || Date.parse(has('expires')?.slice(8) ?? '') < Date.now();
      if (value === '' || over) jar.delete(name);
      else jar.set(name, { value, secure, sameSite: has('samesite')?.slice(9).toLowerCase() ?? 'lax' });
      this.cookies.set(url.host, jar);
    }
  }
}
