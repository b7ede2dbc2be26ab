"""Help for people who are stuck at a provider: what its page says, in plain words (`{T}/help/<provider>`)."""
