# smtplib over STARTTLS: several recipients, UTF-8, an attachment. Settings come from the environment.
import os
import smtplib
import ssl
from email.message import EmailMessage

env = os.environ
message = EmailMessage()
message["Subject"] = env["MAIL_SUBJECT"]
message["From"] = "Grüße <info@trans.kasplo.in>"
message["To"] = env["MAIL_TO"].replace(",", ", ")
message.set_content(env["MAIL_TEXT"], cte="8bit")
with open(env["MAIL_FILE"], "rb") as file:
    message.add_attachment(file.read(), maintype="image", subtype="png", filename="größe.png")

context = ssl.create_default_context(cafile=env["SMTP_CA"])
with smtplib.SMTP("localhost", int(env["SMTP_PORT"])) as server:
    server.starttls(context=context)
    server.login(env["SMTP_USERNAME"], env["SMTP_PASSWORD"])
    refused = server.send_message(message)
assert refused == {}, refused
print("sent")
