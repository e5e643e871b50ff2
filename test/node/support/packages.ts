// The programs of others that the tests run: looks for them, and installs the Debian packages of those that
// are missing when it may. What cannot be had is told, so that its tests are skipped by name.
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";

/** What each program needs: commands and files, and the packages that bring them. */
const PROGRAMS = {
  python: { needs: ["python3"], packages: ["python3"] },
  php: {
    needs: ["php", "/usr/share/php/libphp-phpmailer/autoload.php"],
    packages: ["php-cli", "php-mbstring", "libphp-phpmailer"],
  },
  java: {
    needs: ["javac", "/usr/share/java/javax.mail.jar", "/usr/share/java/javax.activation.jar"],
    packages: ["default-jdk-headless", "libmail-java"],
  },
  ruby: { needs: ["ruby"], packages: ["ruby"] },
  go: { needs: ["go"], packages: ["golang-go"] },
  curl: { needs: ["curl"], packages: ["curl"] },
  swaks: {
    needs: ["swaks", "/usr/share/perl5/IO/Socket/SSL.pm"],
    packages: ["swaks", "libio-socket-ssl-perl", "libnet-ssleay-perl"],
  },
  msmtp: { needs: ["msmtp"], packages: ["msmtp"] },
  chromium: { needs: ["chromium"], packages: ["chromium"] },
  nsd: { needs: ["/usr/sbin/nsd"], packages: ["nsd"] },
  postfix: { needs: ["/usr/sbin/postfix"], packages: ["postfix"] },
  dkim: {
    needs: ["/usr/bin/python3", "/usr/lib/python3/dist-packages/dkim/__init__.py"],
    packages: ["python3-dkim"],
  },
} as const;

export type Program = keyof typeof PROGRAMS;

/** A slow mirror and a JDK. */
const INSTALL_DEADLINE_MS = 300_000;

/** Test files run side by side, and each may be the first: apt waits for the other. */
const LOCK = "-o=DPkg::Lock::Timeout=300";

let installed: Promise<string | null> | null = null;

/** Why a program cannot be run, or null when it can. What is missing is installed once for all. */
export async function missing(program: Program): Promise<string | null> {
  if (await isThere(program)) return null;
  installed ??= install();
  const failure = await installed;
  if (await isThere(program)) return null;
  const packages = PROGRAMS[program].packages.join(", ");
  return `${program} is not on this machine (${packages}): ${failure ?? "its files are elsewhere"}`;
}

async function isThere(program: Program): Promise<boolean> {
  const found = await Promise.all(PROGRAMS[program].needs.map(exists));
  return found.every(Boolean);
}

async function exists(need: string): Promise<boolean> {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const places = isAbsolute(need) ? [need] : folders.map((folder) => join(folder, need));
  const found = await Promise.all(
    places.map((place) =>
      access(place).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** Installs the packages of every program that is missing; why not, or null. */
async function install(): Promise<string | null> {
  if (!(await exists("apt-get"))) return "no apt-get";
  if (process.getuid?.() !== 0) return "not root";
  const packages: string[] = [];
  for (const { needs, packages: own } of Object.values(PROGRAMS)) {
    const there = await Promise.all(needs.map(exists));
    if (there.includes(false)) packages.push(...own);
  }
  const run = promisify(execFile);
  const options = {
    timeout: INSTALL_DEADLINE_MS,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 10_000_000,
  };
  try {
    await run("apt-get", ["update", "-qq", LOCK], options);
    const install = ["install", "-y", "-qq", "--no-install-recommends", LOCK, ...packages];
    await run("apt-get", install, options);
    return null;
  } catch (error) {
    return `apt-get failed: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`;
  }
}
