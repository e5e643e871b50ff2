// Recipient domains that one mailbox provider runs with one set of servers and one reputation: what is
// learnt or counted of one holds for all. Data: statistics group by it, and whoever paces mail may.

/** Endings under which providers keep the same name in many countries. */
const HOTMAIL =
  "com be ca ch cl co.il co.jp co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.hk com.mx " +
  "com.tr com.tw com.vn cz de dk es fi fr gr hu it lt lv my nl no ph rs se sg sk";
const LIVE =
  "com at be ca ch cl cn co.kr co.uk co.za com.ar com.au com.mx com.my com.ph com.pt com.sg de dk " +
  "fi fr hk ie in it jp nl no ru se";
const OUTLOOK =
  "com at be cl co.id co.il co.th com.ar com.au com.br com.gr com.tr com.vn cz de dk es fr hu ie " +
  "in it jp kr lv my ph pt sa sg sk";
// yahoo.co.jp is another company's.
const YAHOO =
  "com at be bg ca cl cn co.id co.in co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.cn " +
  "com.co com.hk com.mx com.my com.pe com.ph com.sg com.tr com.tw com.ve com.vn cz de dk ee es fi " +
  "fr gr hu ie in it lt lv nl no pl pt ro ru se si sk";
const GMX = "at biz ch co.uk com de es eu fr info net org us";

/** Group → its domains. A group's name has no dot, so that no domain can be taken for one. */
const GROUPS = {
  gmail: "gmail.com googlemail.com",
  outlook:
    `${under("hotmail", HOTMAIL)} ${under("live", LIVE)} ${under("outlook", OUTLOOK)} ` +
    "msn.com passport.com windowslive.com",
  yahoo:
    `${under("yahoo", YAHOO)} ymail.com rocketmail.com myyahoo.com aol.com aol.co.uk aol.de aol.fr ` +
    "aim.com verizon.net netscape.net netscape.com cs.com compuserve.com wow.com games.com love.com",
  apple: "icloud.com me.com mac.com privaterelay.appleid.com",
  gmx: `${under("gmx", GMX)} web.de`,
  telekom: "t-online.de magenta.de",
  comcast: "comcast.net",
  att:
    "att.net sbcglobal.net bellsouth.net pacbell.net ameritech.net swbell.net flash.net " +
    "nvbell.net prodigy.net snet.net",
  spectrum: "charter.net spectrum.net twc.com rr.com roadrunner.com",
  mailru: "mail.ru inbox.ru list.ru bk.ru internet.ru xmail.ru",
  yandex: "yandex.ru yandex.com yandex.by yandex.kz yandex.ua ya.ru narod.ru",
  proton: "proton.me protonmail.com protonmail.ch pm.me",
  zoho: "zoho.com zohomail.com zohomail.eu zohomail.in",
  fastmail: "fastmail.com fastmail.fm",
  qq: "qq.com vip.qq.com foxmail.com",
  netease: "163.com 126.com yeah.net vip.163.com 188.com",
  orange: "orange.fr wanadoo.fr",
  sfr: "sfr.fr neuf.fr cegetel.net club-internet.fr numericable.fr",
  free: "free.fr aliceadsl.fr",
  italiaonline: "libero.it virgilio.it inwind.it iol.it blu.it giallo.it",
  virginmedia: "virginmedia.com ntlworld.com blueyonder.co.uk virgin.net",
  bt: "btinternet.com btopenworld.com talk21.com",
  seznam: "seznam.cz email.cz post.cz spoluzaci.cz",
  wp: "wp.pl o2.pl tlen.pl",
  onet: "onet.pl op.pl vp.pl onet.eu poczta.onet.pl",
  interia: "interia.pl interia.eu interia.com poczta.fm",
  uol: "uol.com.br bol.com.br",
} as const satisfies Readonly<Record<string, string>>;

/** The names of the groups. */
export const GROUP_NAMES: readonly string[] = Object.keys(GROUPS);

const GROUP_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(GROUPS).flatMap(([group, domains]) =>
    domains.split(" ").map((domain) => [domain, group] as const),
  ),
);

/** The group of a recipient domain (A-labels, lower case); a domain of no group is its own. */
export function domainGroup(domain: string): string {
  return GROUP_OF.get(domain) ?? domain;
}

function under(name: string, endings: string): string {
  return endings
    .split(" ")
    .map((ending) => `${name}.${ending}`)
    .join(" ");
}
