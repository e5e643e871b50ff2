# Takes Edgepost's webhooks and verifies their signatures: a Rack application (Rails, Sinatra, Puma).
# config.ru: require_relative "verify"; run WEBHOOKS
require "json"
require "openssl"

TOLERANCE_SECONDS = 300

# body is the exact body, before anything parsed it.
def verify(secret, env, body)
  timestamp = env["HTTP_WEBHOOK_TIMESTAMP"].to_s
  return false unless timestamp.match?(/\A\d+\z/)
  return false if (Time.now.to_i - timestamp.to_i).abs > TOLERANCE_SECONDS

  key = secret.delete_prefix("whsec_").unpack1("m")
  signed = "#{env["HTTP_WEBHOOK_ID"]}.#{timestamp}.".b + body.b
  expected = "v1," + [OpenSSL::HMAC.digest("SHA256", key, signed)].pack("m0")
  # While a secret rotates there are two signatures; one that fits is enough.
  env["HTTP_WEBHOOK_SIGNATURE"].to_s.split.any? { |one| OpenSSL.secure_compare(expected, one) }
end

WEBHOOKS = lambda do |env|
  body = env["rack.input"].read
  return [400, {}, []] unless verify(ENV.fetch("WEBHOOK_SECRET"), env, body)

  # It may come twice: remember the webhook-id of what was done already.
  event = JSON.parse(body)
  warn "#{env["HTTP_WEBHOOK_ID"]} #{event["event"]}"
  [204, {}, []]
end
