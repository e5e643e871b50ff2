<?php
// PHPMailer over STARTTLS: several recipients, UTF-8, an attachment. Settings come from the environment.

use PHPMailer\PHPMailer\PHPMailer;

require 'vendor/autoload.php';

$mail = new PHPMailer(true);
$mail->isSMTP();
$mail->Host = 'localhost';
$mail->Port = (int) getenv('SMTP_PORT');
$mail->SMTPSecure = PHPMailer::ENCRYPTION_STARTTLS;
$mail->SMTPOptions = ['ssl' => ['cafile' => getenv('SMTP_CA')]];
$mail->SMTPAuth = true;
$mail->Username = getenv('SMTP_USERNAME');
$mail->Password = getenv('SMTP_PASSWORD');
$mail->CharSet = PHPMailer::CHARSET_UTF8;
$mail->setFrom('info@trans.kasplo.in', 'Grüße');
foreach (explode(',', getenv('MAIL_TO')) as $recipient) {
    $mail->addAddress($recipient);
}
$mail->Subject = getenv('MAIL_SUBJECT');
$mail->Body = getenv('MAIL_TEXT');
$mail->addAttachment(getenv('MAIL_FILE'), 'größe.png');
$mail->send();
echo "sent\n";
