// Settings of popular software, to be copied: each in the words of its own documentation. Pure.
import type { Snippet } from "../../lib/snippet.ts";
import type { Gateway } from "./credential.ts";

/** What a program signs in with, and who its mail is from. User names and passwords are letters, digits, @ and dots. */
export type Login = {
  readonly username: string;
  readonly password: string;
  readonly from: string;
};

/** The settings of every program that we know. */
export function snippetsOf(gateway: Gateway, login: Login): readonly Snippet[] {
  return [
    wordPress(gateway, login),
    laravel(gateway, login),
    django(gateway, login),
    rails(gateway, login),
    nodemailer(gateway, login),
    postfix(gateway, login),
    swaks(gateway, login),
  ];
}

/** One of three lines for the three ways to be encrypted. */
function byTls<T>({ tls }: Gateway, lines: Readonly<Record<Gateway["tls"], T>>): T {
  return lines[tls];
}

/** https://developer.wordpress.org/reference/hooks/phpmailer_init/ */
function wordPress(gateway: Gateway, { username, password, from }: Login): Snippet {
  const secure = byTls(gateway, { implicit: "'ssl'", starttls: "'tls'", none: "''" });
  const noAuto = gateway.tls === "none" ? "\n    $mail->SMTPAutoTLS = false;" : "";
  return {
    program: "WordPress",
    file: "wp-content/mu-plugins/edgepost.php",
    text: `<?php
add_action('phpmailer_init', function ($mail) {
    $mail->isSMTP();
    $mail->Host = '${gateway.host}';
    $mail->Port = ${gateway.port};
    $mail->SMTPSecure = ${secure};${noAuto}
    $mail->SMTPAuth = true;
    $mail->Username = '${username}';
    $mail->Password = '${password}';
});
add_filter('wp_mail_from', fn () => '${from}');
`,
  };
}

/** https://laravel.com/docs/mail#configuration */
function laravel(gateway: Gateway, { username, password, from }: Login): Snippet {
  const scheme = byTls(gateway, { implicit: "smtps", starttls: "smtp", none: "smtp" });
  return {
    program: "Laravel",
    file: ".env",
    text: `MAIL_MAILER=smtp
MAIL_SCHEME=${scheme}
MAIL_HOST=${gateway.host}
MAIL_PORT=${gateway.port}
MAIL_USERNAME="${username}"
MAIL_PASSWORD="${password}"
MAIL_FROM_ADDRESS="${from}"
`,
  };
}

/** https://docs.djangoproject.com/en/stable/topics/email/ */
function django(gateway: Gateway, { username, password, from }: Login): Snippet {
  const tls = byTls(gateway, {
    implicit: "EMAIL_USE_SSL = True",
    starttls: "EMAIL_USE_TLS = True",
    none: "EMAIL_USE_TLS = False",
  });
  return {
    program: "Django",
    file: "settings.py",
    text: `EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "${gateway.host}"
EMAIL_PORT = ${gateway.port}
${tls}
EMAIL_HOST_USER = "${username}"
EMAIL_HOST_PASSWORD = "${password}"
DEFAULT_FROM_EMAIL = "${from}"
`,
  };
}

/** https://guides.rubyonrails.org/action_mailer_basics.html#action-mailer-configuration */
function rails(gateway: Gateway, { username, password, from }: Login): Snippet {
  const tls = byTls(gateway, {
    implicit: "tls: true",
    starttls: "enable_starttls: true",
    none: "enable_starttls_auto: false",
  });
  return {
    program: "Rails",
    file: "config/environments/production.rb",
    text: `config.action_mailer.delivery_method = :smtp
config.action_mailer.smtp_settings = {
  address: "${gateway.host}",
  port: ${gateway.port},
  ${tls},
  authentication: :plain,
  user_name: "${username}",
  password: "${password}"
}
config.action_mailer.default_options = { from: "${from}" }
`,
  };
}

/** https://nodemailer.com/smtp */
function nodemailer(gateway: Gateway, { username, password, from }: Login): Snippet {
  const tls = byTls(gateway, {
    implicit: "secure: true",
    starttls: "secure: false,\n  requireTLS: true",
    none: "secure: false,\n  ignoreTLS: true",
  });
  return {
    program: "Nodemailer",
    file: "mail.mjs",
    text: `import nodemailer from "nodemailer";

const transport = nodemailer.createTransport({
  host: "${gateway.host}",
  port: ${gateway.port},
  ${tls},
  auth: {
    user: "${username}",
    pass: "${password}",
  },
});
await transport.sendMail({
  from: "${from}",
  to: "you@example.com",
  subject: "Hello",
  text: "It works.",
});
`,
  };
}

/** https://www.postfix.org/SASL_README.html#client_sasl and TLS_README.html#client_tls_encrypt */
function postfix(gateway: Gateway, { username, password }: Login): Snippet {
  const server = `[${gateway.host}]:${gateway.port}`;
  const tls = byTls(gateway, {
    implicit: "smtp_tls_wrappermode = yes\nsmtp_tls_security_level = encrypt",
    starttls: "smtp_tls_security_level = encrypt",
    none: "smtp_tls_security_level = none",
  });
  return {
    program: "Postfix",
    file: "In a shell, as root",
    text: `umask 077
echo '${server} ${username}:${password}' > /etc/postfix/sasl_passwd
postmap /etc/postfix/sasl_passwd
umask 022
cat >> /etc/postfix/main.cf <<'END'
relayhost = ${server}
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd
smtp_sasl_security_options = noanonymous
${tls}
END
postfix reload
`,
  };
}

/** https://jetmore.org/john/code/swaks/ */
function swaks(gateway: Gateway, { username, password, from }: Login): Snippet {
  const tls = byTls(gateway, { implicit: " --tls-on-connect", starttls: " --tls", none: "" });
  return {
    program: "swaks",
    file: "In a shell",
    text: `swaks --server ${gateway.host} --port ${gateway.port}${tls} \\
  --auth PLAIN --auth-user '${username}' --auth-password '${password}' \\
  --from '${from}' --to 'you@example.com' --header 'Subject: Hello' --body 'It works.'
`,
  };
}
