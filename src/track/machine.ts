// Whether an open or a click was a person's: judged by what the request says of itself, by when it came,
// and by what came beside it. Pure; the table's rows stand beside the real user agents in its test.

/** What one open or click looked like. */
export type Visit = {
  readonly userAgent: string;
  /** The request said that nobody looks yet. */
  readonly prefetch: boolean;
  /** Milliseconds since a relay took the mail, 0 while none has; null when that is not known. */
  readonly sinceDelivery: number | null;
  /** Different links of the same mail that were clicked around this moment, this one included. */
  readonly linksAround: number;
};

/** A mail that is opened sooner was scanned on its way: it must still be filtered, stored and shown. */
const READ_AFTER_MS = 2_000;

/** Clicks so close together are "at once". */
export const AT_ONCE_MS = 2_000;

/** Nobody follows so many different links at once. */
const SCANNED_LINKS = 3;

/** Whether a machine made it. */
export function isMachine(visit: Visit): boolean {
  const { sinceDelivery } = visit;
  return (
    visit.prefetch ||
    isMachineAgent(visit.userAgent) ||
    (sinceDelivery !== null && sinceDelivery < READ_AFTER_MS) ||
    visit.linksAround >= SCANNED_LINKS
  );
}

/** What machines call themselves. */
const MACHINES: readonly RegExp[] = [
  // Image proxies and prefetchers of mailbox providers.
  /GoogleImageProxy|YahooMailProxy|ImageProxy|DuckDuckGo-Email|SeznamEmailProxy|FastmailUA/i,
  /YahooCacheSystem|Camo Asset Proxy|YandexImageResizer/i,
  // Gmail's prefetcher, which says "Mozilla/5.0" twice.
  / Edge\/12\.246 Mozilla\/5\.0$/,
  // Apple Mail Privacy Protection, and other proxies that say nothing of themselves.
  /^Mozilla\/[45]\.0$/,
  // Scanners of mail gateways.
  /Barracuda|Proofpoint|Mimecast|SafeLinks|Symantec|MessageLabs|IronPort|Cisco Umbrella|Zscaler/i,
  /Forcepoint|Sophos|Trend ?Micro|Fortinet|FortiGuard|FireEye|Cloudmark|Vade ?Secure|Bitdefender/i,
  /SpamTitan|TitanHQ|Avanan|Checkpoint|Cofense|urlscan|VirusTotal|Netcraft|Google-Safety/i,
  // Previews of office programs, messengers and mailbox providers.
  /BingPreview|Microsoft Office (?:Existence|Protocol) Discovery|SkypeUriPreview|MicrosoftPreview/i,
  /facebookexternalhit|Facebot|WhatsApp\/|Slackbot|Slack-ImgProxy|Snap URL Preview|Iframely/i,
  /Google-Read-Aloud|GoogleOther|Google-InspectionTool|APIs-Google|AppEngine-Google|FeedFetcher/i,
  /Google-Apps-Script|Google Web Preview|Yahoo Link Preview|Embedly|Viber\/|vkShare|Chrome-Lighthouse/i,
  // Whoever says so; CUBOT is a telephone.
  /(?<!cu)bots?(?![a-z])|crawler|spider|slurp|link ?check|url ?(?:check|scan|defen[sc]e)|monitoring/i,
  // Programs, not browsers.
  /^(?:curl|wget|python|aiohttp|httpx|go-http-client|java|apache-httpclient|libwww|lwp|ruby)\b/i,
  /^(?:php|guzzle|axios|node|undici|got|deno|bun|okhttp|perl|faraday|typhoeus|httpie|postman)/i,
  /^(?:AHC|lua-resty-http|Jetty|reactor-netty|Dart|insomnia|rest-client|Amazon CloudFront)\b/i,
  /Headless|PhantomJS|Puppeteer|Playwright|Selenium|Electron\/.*Nightmare|python-requests/i,
];

/** Whether a user agent is a machine's by its own words; every browser has some. */
export function isMachineAgent(userAgent: string): boolean {
  const text = userAgent.trim();
  return text === "" || MACHINES.some((pattern) => pattern.test(text));
}
