import { describe, expect, it } from "vitest";
import { isMachine, isMachineAgent } from "../../src/track/machine.ts";
import { BROWSER, PROXY } from "../support/tracking.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
const MOBILE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15";

const MACHINES: readonly (readonly [string, string])[] = [
  ["nothing at all", ""],
  ["Gmail's image proxy", PROXY],
  ["Gmail's prefetcher", `${CHROME} Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0`],
  [
    "Yahoo's image proxy",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
  ],
  ["Apple Mail Privacy Protection", "Mozilla/5.0"],
  ["Seznam's image proxy", "SeznamEmailProxy/2.0.112"],
  ["Fastmail's image proxy", "FastMailUA/1.0"],
  ["Yahoo's cache", "YahooCacheSystem; YahooWebServiceClient"],
  [
    "Yahoo's link preview",
    "Mozilla/5.0 (compatible; Yahoo Link Preview; https://help.yahoo.com/kb/mail/yahoo-link-preview-SLN23615.html)",
  ],
  [
    "Yandex Mail's images",
    "Mozilla/5.0 (compatible; YandexImageResizer/2.0; +http://yandex.com/bots)",
  ],
  ["Embedly", "Mozilla/5.0 (compatible; Embedly/0.2; +http://support.embed.ly/)"],
  ["Slack's image proxy", "Slack-ImgProxy (+https://api.slack.com/robots)"],
  ["Slack's link preview", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"],
  ["Barracuda Sentinel", "Barracuda Sentinel (EE)"],
  ["Barracuda", "Mozilla/5.0 (compatible; BarracudaCentral; +http://www.barracudacentral.org)"],
  [
    "Bing's preview, behind Microsoft SafeLinks",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
  ],
  ["Office discovery", "Microsoft Office Existence Discovery"],
  ["Office protocol discovery", "Microsoft Office Protocol Discovery"],
  ["Skype", "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"],
  ["VirusTotal", "AppEngine-Google; (+http://code.google.com/appengine; appid: s~virustotalcloud)"],
  ["Netcraft", "Mozilla/5.0 (compatible; NetcraftSurveyAgent/1.0; +info@netcraft.com)"],
  ["Googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"],
  ["bingbot", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"],
  [
    "Applebot",
    `${CHROME} Version/17.4 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)`,
  ],
  ["YandexBot", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"],
  [
    "Baiduspider",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
  ],
  [
    "Yahoo Slurp",
    "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
  ],
  ["Facebook", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"],
  ["WhatsApp", "WhatsApp/2.23.20.0 A"],
  ["Telegram", "TelegramBot (like TwitterBot)"],
  ["Twitter", "Twitterbot/1.0"],
  [
    "LinkedIn",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
  ],
  ["Discord", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"],
  [
    "Google Read Aloud",
    `${CHROME} Chrome/118.0 Mobile Safari/537.36 (compatible; Google-Read-Aloud)`,
  ],
  ["Google Apps Script", "Mozilla/5.0 (compatible; Google-Apps-Script)"],
  ["curl", "curl/8.5.0"],
  ["Async HTTP Client", "AHC/2.1"],
  ["aiohttp", "Python/3.9 aiohttp/3.8.1"],
  ["OkHttp", "okhttp/4.10.0"],
  ["OpenResty", "lua-resty-http/0.10 (Lua) ngx_lua/10012"],
  ["CloudFront", "Amazon CloudFront"],
  ["Wget", "Wget/1.21.4"],
  ["Python requests", "python-requests/2.31.0"],
  ["Python urllib", "Python-urllib/3.11"],
  ["Go", "Go-http-client/2.0"],
  ["Java", "Java/17.0.9"],
  ["Apache HttpClient", "Apache-HttpClient/4.5.14 (Java/11.0.21)"],
  ["PHP", "GuzzleHttp/7"],
  ["Node", "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)"],
  ["Perl", "libwww-perl/6.67"],
  ["headless Chrome", `${CHROME} HeadlessChrome/120.0.0.0 Safari/537.36`],
  [
    "PhantomJS",
    "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 PhantomJS/2.1.1 Safari/538.1",
  ],
  ["a monitor", "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)"],
];

/** What a scanner or a proxy may call itself: names that no browser has, in whatever words. */
const NAMES = [
  "Barracuda",
  "Proofpoint URL Defense",
  "Mimecast URL Protect",
  "Microsoft Office SafeLinks Protection",
  "Symantec.cloud",
  "MessageLabs",
  "IronPort",
  "Cisco Umbrella",
  "Zscaler",
  "Forcepoint",
  "Sophos",
  "TrendMicro",
  "FortiGuard",
  "FireEye",
  "Cloudmark",
  "Vade Secure",
  "Bitdefender",
  "SpamTitan",
  "Avanan",
  "Cofense",
  "urlscan",
  "DuckDuckGo-Email",
];

const PEOPLE: readonly (readonly [string, string])[] = [
  ["Firefox", BROWSER],
  ["Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"],
  ["Firefox on Android", "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0"],
  ["Chrome", `${CHROME} Chrome/131.0.0.0 Safari/537.36`],
  ["Edge", `${CHROME} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0`],
  ["old Edge", `${CHROME} Chrome/42.0.2311.135 Safari/537.36 Edge/12.246`],
  ["Opera", `${CHROME} Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0`],
  ["Vivaldi", `${CHROME} Chrome/130.0.0.0 Safari/537.36 Vivaldi/7.0`],
  [
    "Safari",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
  ],
  ["Safari on iPhone", `${MOBILE} (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1`],
  ["Chrome on iPhone", `${MOBILE} (KHTML, like Gecko) CriOS/131.0 Mobile/15E148 Safari/604.1`],
  ["Apple Mail on iPhone", `${MOBILE} (KHTML, like Gecko) Mobile/15E148`],
  [
    "Apple Mail on Mac",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
  ],
  ["Gmail app on iPhone", `${MOBILE} (KHTML, like Gecko) GSA/340.0 Mobile/15E148 Safari/604.1`],
  [
    "Chrome on Android",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
  ],
  [
    "Samsung Internet",
    "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
  ],
  [
    "a CUBOT telephone",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
  ],
  [
    "a WebView",
    "Mozilla/5.0 (Linux; Android 13; Pixel 7 Build/TQ3A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0 Mobile Safari/537.36",
  ],
  ["Thunderbird", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"],
  ["Outlook", "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"],
  [
    "Outlook 2013",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; WOW64; Trident/7.0; Microsoft Outlook 15.0.4420; ms-office; MSOffice 15)",
  ],
  ["Outlook on Android", "Outlook-Android/2.0"],
  ["Outlook on iPhone", "Outlook-iOS/2.0"],
  ["Internet Explorer", "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"],
  ["Windows Mail", `${CHROME} Chrome/70.0.3538.102 Safari/537.36 Edge/18.19041`],
  ["Airmail", "Airmail 5 rv:733 (Macintosh; Mac OS X 14.1)"],
  ["Spark", "Spark/3.12.2 CFNetwork/1485 Darwin/23.1.0"],
  ["Instagram", `${MOBILE} (KHTML, like Gecko) Mobile/15E148 Instagram 350.0`],
  [
    "a tablet",
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
  ],
  [
    "ChromeOS",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  ],
];

describe("by its own words", () => {
  it.each(MACHINES)("%s is a machine", (_name, agent) => {
    expect(isMachineAgent(agent)).toBe(true);
  });

  it.each(NAMES)("whoever calls itself %s is a machine", (name) => {
    expect(isMachineAgent(`Mozilla/5.0 (compatible; ${name}/1.0)`)).toBe(true);
  });

  it.each(PEOPLE)("%s is a person", (_name, agent) => {
    expect(isMachineAgent(agent)).toBe(false);
  });
});

describe("by what it did", () => {
  const visit = { userAgent: BROWSER, prefetch: false, sinceDelivery: 60_000, linksAround: 1 };
  it.each([
    ["a browser a minute later", {}, false],
    ["a prefetch", { prefetch: true }, true],
    ["one before the mail could be read", { sinceDelivery: 1_999 }, true],
    ["one two seconds after delivery", { sinceDelivery: 2_000 }, false],
    ["one before delivery was recorded", { sinceDelivery: -5 }, true],
    ["one of a mail in doubt", { sinceDelivery: null }, false],
    ["two links at once", { linksAround: 2 }, false],
    ["three links at once", { linksAround: 3 }, true],
  ] as const)("%s", (_name, change, machine) => {
    expect(isMachine({ ...visit, ...change })).toBe(machine);
  });
});
