// Sends one HTML message with javax.mail.
import java.util.Properties;
import javax.mail.Authenticator;
import javax.mail.Message;
import javax.mail.PasswordAuthentication;
import javax.mail.Session;
import javax.mail.Transport;
import javax.mail.internet.InternetAddress;
import javax.mail.internet.MimeMessage;

public class EmailSender {
    private static final String SMTP_HOST = "smtp.example.com";
    private static final int SMTP_PORT = 587;
    private static final String SMTP_USERNAME = "<user-name>";
    private static final String SMTP_PASSWORD = "<password>";
    private static final String RECIPIENT = "<email>";

    public static void main(String[] args) {
        Properties properties = new Properties();
        properties.put("mail.smtp.host", SMTP_HOST);
        properties.put("mail.smtp.port", String.valueOf(SMTP_PORT));
        properties.put("mail.smtp.auth", "true");

        Session session = Session.getInstance(properties, new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                return new PasswordAuthentication(SMTP_USERNAME, SMTP_PASSWORD);
            }
        });

        try {
            Message message = new MimeMessage(session);
            message.setFrom(new InternetAddress("info@trans.kasplo.in", "Kasplo"));
            message.setRecipients(Message.RecipientType.TO, InternetAddress.parse(RECIPIENT));
            message.setSubject("Sent with Java");
            message.setContent(
                "<p><b>Hello</b>, this came through SMTP. <a href='https://www.example.com'>A link</a></p>",
                "text/html; charset=UTF-8");
            Transport.send(message);
            System.out.println("Email sent successfully!");
        } catch (Exception error) {
            error.printStackTrace();
        }
    }
}
