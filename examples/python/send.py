"""Sends one message, or many at the same time, with smtplib."""

import random
import smtplib
import threading
import time
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

SMTP_HOST = "smtp.example.com"
SMTP_PORT = 587
SMTP_USERNAME = "<user-name>"
SMTP_PASSWORD = "<password>"
RECIPIENTS = ["<email>"]

TOTAL_REQUESTS = 1
CONCURRENT_REQUESTS = 1

TEXT = "Plain words for readers without HTML."
HTML = """\
<html>
  <body>
    <p><b>Hello</b>, this came through SMTP.</p>
    <a href="https://www.example.com">A link</a>
  </body>
</html>
"""

times = []
lock = threading.Lock()


def build(recipient):
    message = MIMEMultipart("alternative")
    message["Subject"] = "Sent with Python"
    message["From"] = "Kasplo <info@trans.kasplo.in>"
    message["To"] = recipient
    message.attach(MIMEText(TEXT, "plain"))
    message.attach(MIMEText(HTML, "html"))
    return message.as_string()


def send():
    start = time.time()
    try:
        recipient = random.choice(RECIPIENTS)
        with smtplib.SMTP(SMTP_HOST, SMTP_PORT) as server:
            server.login(SMTP_USERNAME, SMTP_PASSWORD)
            # The user name is the envelope's sender here; the From header says who writes.
            server.sendmail(SMTP_USERNAME, recipient, build(recipient))
        elapsed = time.time() - start
        with lock:
            times.append(elapsed)
        print(f"Email sent to {recipient} in {elapsed:.2f}s")
    except Exception as error:
        print("Email sending failed:", error)


def run_batch():
    threads = [threading.Thread(target=send) for _ in range(CONCURRENT_REQUESTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    for batch in range(TOTAL_REQUESTS // CONCURRENT_REQUESTS):
        print(f"Batch {batch + 1}")
        run_batch()
    if times:
        print(f"Average time taken: {sum(times) / len(times):.2f}s")
