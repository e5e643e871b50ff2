// javax.mail over STARTTLS: several recipients, UTF-8, an attachment. Settings come from the environment.
import java.io.File;
import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Properties;
import javax.mail.Authenticator;
import javax.mail.Message;
import javax.mail.PasswordAuthentication;
import javax.mail.Session;
import javax.mail.Transport;
import javax.mail.internet.InternetAddress;
import javax.mail.internet.MimeBodyPart;
import javax.mail.internet.MimeMessage;
import javax.mail.internet.MimeMultipart;
import javax.mail.internet.MimeUtility;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Rich {
    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.put("mail.smtp.host", "localhost");
        properties.put("mail.smtp.port", System.getenv("SMTP_PORT"));
        properties.put("mail.smtp.auth", "true");
        properties.put("mail.smtp.starttls.required", "true");
        properties.put("mail.smtp.ssl.checkserveridentity", "true");
        properties.put("mail.smtp.ssl.socketFactory", trusting(System.getenv("SMTP_CA")).getSocketFactory());
        Session session = Session.getInstance(properties, new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                return new PasswordAuthentication(System.getenv("SMTP_USERNAME"), System.getenv("SMTP_PASSWORD"));
            }
        });

        MimeMessage message = new MimeMessage(session);
        message.setFrom(new InternetAddress("info@trans.kasplo.in", "Grüße", "UTF-8"));
        message.setRecipients(Message.RecipientType.TO, InternetAddress.parse(System.getenv("MAIL_TO")));
        message.setSubject(System.getenv("MAIL_SUBJECT"), "UTF-8");
        MimeBodyPart text = new MimeBodyPart();
        text.setText(System.getenv("MAIL_TEXT"), "UTF-8");
        MimeBodyPart file = new MimeBodyPart();
        file.attachFile(new File(System.getenv("MAIL_FILE")));
        file.setFileName(MimeUtility.encodeText("größe.png", "UTF-8", null));
        message.setContent(new MimeMultipart(text, file));
        Transport.send(message);
        System.out.println("sent");
    }

    private static SSLContext trusting(String file) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null);
        try (FileInputStream pem = new FileInputStream(file)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }
}
