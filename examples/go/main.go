// Sends one HTML message: built with gomail, sent with go-smtp and go-sasl.
package main

import (
	"fmt"
	"log"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"gopkg.in/gomail.v2"
)

const (
	smtpHost     = "smtp.example.com"
	smtpPort     = 587
	smtpUsername = "<user-name>"
	smtpPassword = "<password>"
	from         = "info@trans.kasplo.in"
	recipient    = "<email>"
)

func main() {
	message := gomail.NewMessage()
	message.SetHeader("From", from)
	message.SetHeader("To", recipient)
	message.SetHeader("Subject", "Sent with Go")
	message.SetBody("text/html", `<p><b>Hello</b>, this came through SMTP. <a href="https://www.example.com">A link</a></p>`)
	var content strings.Builder
	if _, err := message.WriteTo(&content); err != nil {
		log.Fatalf("cannot build the message: %v", err)
	}

	client, err := smtp.Dial(fmt.Sprintf("%s:%d", smtpHost, smtpPort))
	if err != nil {
		log.Fatalf("cannot connect: %v", err)
	}
	defer client.Close()
	if err := client.Auth(sasl.NewPlainClient("", smtpUsername, smtpPassword)); err != nil {
		log.Fatalf("cannot sign in: %v", err)
	}
	if err := client.Mail(from, &smtp.MailOptions{}); err != nil {
		log.Fatalf("MAIL FROM: %v", err)
	}
	if err := client.Rcpt(recipient, &smtp.RcptOptions{}); err != nil {
		log.Fatalf("RCPT TO: %v", err)
	}
	body, err := client.Data()
	if err != nil {
		log.Fatalf("DATA: %v", err)
	}
	if _, err := body.Write([]byte(content.String())); err != nil {
		log.Fatalf("cannot write the message: %v", err)
	}
	if err := body.Close(); err != nil {
		log.Fatalf("the message was refused: %v", err)
	}
	if err := client.Quit(); err != nil {
		log.Fatalf("QUIT: %v", err)
	}
	log.Println("Email sent successfully!")
}
