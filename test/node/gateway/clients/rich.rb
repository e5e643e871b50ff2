# net/smtp over STARTTLS: several recipients, UTF-8, an attachment. Settings come from the environment.
require "net/smtp"

def encoded(text)
  "=?UTF-8?B?#{[text].pack("m0")}?="
end

env = ENV.to_h
recipients = env.fetch("MAIL_TO").split(",")
message = <<~MAIL
  From: #{encoded("Grüße")} <info@trans.kasplo.in>
  To: #{recipients.join(", ")}
  Subject: #{encoded(env.fetch("MAIL_SUBJECT"))}
  MIME-Version: 1.0
  Content-Type: multipart/mixed; boundary="cut here"

  --cut here
  Content-Type: text/plain; charset=UTF-8
  Content-Transfer-Encoding: 8bit

  #{env.fetch("MAIL_TEXT").gsub("\n", "\n  ").strip}
  --cut here
  Content-Type: image/png
  Content-Disposition: attachment; filename="#{encoded("größe.png")}"
  Content-Transfer-Encoding: base64

  #{[File.binread(env.fetch("MAIL_FILE"))].pack("m").gsub("\n", "\n  ").strip}
  --cut here--
MAIL
message.gsub!(/^  /, "")

context = OpenSSL::SSL::SSLContext.new
context.set_params(ca_file: env.fetch("SMTP_CA"), verify_mode: OpenSSL::SSL::VERIFY_PEER)
smtp = Net::SMTP.new("localhost", env.fetch("SMTP_PORT").to_i)
smtp.enable_starttls(context)
smtp.start("localhost", env.fetch("SMTP_USERNAME"), env.fetch("SMTP_PASSWORD"), :plain) do |session|
  session.send_message(message, "info@trans.kasplo.in", *recipients)
end
puts "sent"
