<?php
// Sends one message, or many one after the other, with PHPMailer.

use PHPMailer\PHPMailer\Exception;
use PHPMailer\PHPMailer\PHPMailer;

require 'vendor/autoload.php';

const SMTP_HOST = 'smtp.example.com';
const SMTP_PORT = 587;
const SMTP_USERNAME = '<user-name>';
const SMTP_PASSWORD = '<password>';
const RECIPIENTS = ['<email>'];
const TOTAL_REQUESTS = 1;

function sendOne(): float
{
    $start = microtime(true);
    $mail = new PHPMailer(true);
    try {
        $mail->isSMTP();
        $mail->Host = SMTP_HOST;
        $mail->Port = SMTP_PORT;
        $mail->SMTPAuth = true;
        $mail->Username = SMTP_USERNAME;
        $mail->Password = SMTP_PASSWORD;

        $recipient = RECIPIENTS[array_rand(RECIPIENTS)];
        $mail->setFrom('info@trans.kasplo.in', 'Kasplo');
        $mail->addAddress($recipient);
        $mail->Subject = 'Sent with PHP';
        $mail->isHTML(true);
        $mail->Body = '<p><b>Hello</b>, this came through SMTP. <a href="https://www.example.com">A link</a></p>';
        $mail->send();
        echo "Email sent to $recipient\n";
    } catch (Exception $e) {
        echo "Email failed: {$mail->ErrorInfo}\n";
    }
    return microtime(true) - $start;
}

$times = [];
for ($i = 0; $i < TOTAL_REQUESTS; $i++) {
    $times[] = sendOne();
}
printf("Average time taken: %.2f seconds\n", array_sum($times) / count($times));
