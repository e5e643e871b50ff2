// Sends one message, or many at the same time, with nodemailer.
import nodemailer from "nodemailer";

const SMTP_HOST = "smtp.example.com";
const SMTP_PORT = 587;
const SMTP_USERNAME = "<user-name>";
const SMTP_PASSWORD = "<password>";
const RECIPIENTS = ["<email>"];

const TOTAL_REQUESTS = 1;
const CONCURRENT_REQUESTS = 1;

const transporter = nodemailer.createTransport({
  host: SMTP_HOST,
  port: SMTP_PORT,
  auth: { user: SMTP_USERNAME, pass: SMTP_PASSWORD },
});

const times = [];

async function send() {
  const start = Date.now();
  const recipient = RECIPIENTS[Math.floor(Math.random() * RECIPIENTS.length)];
  try {
    await transporter.sendMail({
      from: "Kasplo <info@trans.kasplo.in>",
      to: recipient,
      subject: "Sent with Node.js",
      text: "Plain words for readers without HTML.",
      html: '<p><b>Hello</b>, this came through SMTP. <a href="https://www.example.com">A link</a></p>',
    });
    times.push((Date.now() - start) / 1000);
    console.log("Email sent to:", recipient);
  } catch (error) {
    console.error("Email sending failed:", error);
  }
}

for (let batch = 1; batch <= TOTAL_REQUESTS / CONCURRENT_REQUESTS; batch++) {
  console.log(`Batch ${batch}`);
  await Promise.all(Array.from({ length: CONCURRENT_REQUESTS }, send));
}
const total = times.reduce((sum, time) => sum + time, 0);
console.log("Average time taken: %s", total / times.length);
