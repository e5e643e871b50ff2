# Sends one message with net/smtp.
require "net/smtp"

SMTP_HOST = "smtp.example.com"
SMTP_PORT = 587
SMTP_USERNAME = "<user-name>"
SMTP_PASSWORD = "<password>"
RECIPIENT = "<email>"

MESSAGE = <<~MAIL
  From: Kasplo <info@trans.kasplo.in>
  To: #{RECIPIENT}
  Subject: Sent with Ruby
  MIME-Version: 1.0
  Content-Type: text/html; charset=UTF-8

  <p><b>Hello</b>, this came through SMTP. <a href="https://www.example.com">A link</a></p>
MAIL

smtp = Net::SMTP.new(SMTP_HOST, SMTP_PORT)
# Signs in without TLS, as the other programs here do; leave this line out where the gateway has a certificate.
smtp.disable_starttls
smtp.start("localhost", SMTP_USERNAME, SMTP_PASSWORD, :plain) do |session|
  session.send_message(MESSAGE, "info@trans.kasplo.in", RECIPIENT)
end
puts "Email sent to #{RECIPIENT}"
