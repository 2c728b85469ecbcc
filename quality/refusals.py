"""How refusals begin, in many languages. Looked for at the head of a text only, so that fiction may say no."""

# ruff: noqa: E501, RUF001 - a pattern is read as a whole, and these letters are other alphabets' own
from __future__ import annotations

import re

HEAD_CHARACTERS = 240

# Each pattern asks for two things together: an opener (an apology, "I can't", "as an AI") and the work that is
# declined. One alone is how stories begin: "I can't believe the robot left", "I'm sorry, said the sea".
_APOLOGY = r"(?:(?:i['’]?m|i am) (?:(?:very|really|so|truly|terribly) )?sorry|sorry|(?:my )?apologies|i apologi[sz]e|unfortunately)"
_CANNOT = (
    r"(?:i (?:can(?:no|['’]?)t|can not|won['’]?t|will not|am (?:not able|unable) to|must decline to|have to decline to)"
    r"|i['’]m (?:not able|unable) to|i (?:won['’]t|will not) be able to|we (?:can(?:no|['’])t|are unable to))"
)
_WORK = (
    r"(?:(?:help|assist)(?: you)?(?: (?:with|in|on)\b|[.!]|$)|comply\b|fulfil|"
    r"(?:provide|create|generate|produce|write|draw|depict|answer|discuss|engage|continue|support|share|do|process|"
    r"complete|describe|analy[sz]e|make|respond)(?: (?:with|in|to))? (?:you )?(?:(?:with )?(?:th(?:at|is|ose|ese)\b|your\b|any (?!more)|"
    r"such\b|the request|(?:an? |the )?(?:image|picture|content|explicit|sexual|violent|harmful|graphic|instructions)))"
    r"|browse\b|access (?:the|external|real|files))"
)
_ENGLISH = (
    rf"{_APOLOGY}[,.;:!]?(?: but)?(?:,)? (?:as an? [^.,]{{1,40}}, )?{_CANNOT} {_WORK}",
    rf"{_CANNOT} {_WORK}",
    rf"as an? (?:ai|a\.i\.|artificial intelligence|(?:large )?language model)\b[^.!?\n]{{0,60}}?\b(?:{_CANNOT}|i (?:do not|don['’]t) (?:have|create|generate|engage|feel comfortable))",
    r"i (?:do not|don['’]t) have the ability to (?:help|generate|create|draw|access|browse|see|view|process)\b",
    r"(?:i (?:must|have to|need to) )(?:respectfully )?(?:decline|refuse) (?:this|that|your|the|to (?:help|assist|answer|create|generate))",
    r"(?:this|that|your|the) (?:request|prompt|content|topic)s? (?:violates?|goes against|may violate|is against|was (?:flagged|blocked|rejected)|has been (?:flagged|blocked|rejected))",
    rf"{_APOLOGY}[,.;:!]?(?: but)? (?:this|that|your|the) (?:request|prompt|content|topic)",
    r"(?:that|this) (?:violates|goes against|is against) (?:my|our|the) (?:guidelines|polic|content polic)",
)
_SPANISH = (
    r"(?:lo siento|lo lamento|disculpa|perd[oó]n|lamentablemente|desafortunadamente)[,.]?(?: pero)? no (?:puedo|me es posible|podr[eé]) (?:ayudar|asistir|cumplir|proporcionar|crear|generar|responder|escribir (?:es|ese|sobre)|realizar|hacer es[oa])",
    r"no puedo (?:ayudar(?:te|le)?(?: con|[.!]|$)|cumplir con|proporcionar (?:es|ese|contenido)|generar (?:es|ese|contenido))",
    r"como (?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje)\b[^.!?\n]{0,40}\bno (?:puedo|tengo)",
)
_FRENCH = (
    r"(?:(?:je suis |nous sommes )?(?:vraiment )?d[ée]sol[ée]e?s?|malheureusement|excusez-moi)[,.]?(?: mais)? je (?:ne (?:peux|puis)|suis dans l['’]incapacit[ée])",
    r"je ne (?:peux|puis) pas (?:(?:vous|t['’]|te) ?aider(?: [àa] (?:cela|ça|ce)| avec|[.!]|$)|r[ée]pondre [àa] (?:cette|votre)|g[ée]n[ée]rer (?:ce|cette|de tel)|fournir (?:ce|cette|de tel))",
    r"en tant qu['’ ]?(?:ia|intelligence artificielle|e mod[èe]le de langage|e assistant)\b[^.!?\n]{0,40}\bne (?:peux|puis|suis)",
)
_GERMAN = (
    r"(?:(?:es )?tut mir (?:sehr )?leid|entschuldigung|leider|bedauerlicherweise)[,.]?(?: aber)? (?:kann ich|ich kann|darf ich|ich darf|ich bin nicht in der lage)\b[^.!?\n]{0,80}\b(?:nicht|keine?n?)\b[^.!?\n]{0,60}\b(?:helfen|erstellen|generieren|beantworten|erf[üu]llen|schreiben|liefern|unterst[üu]tzen|bereitstellen)",
    r"ich kann (?:ihnen|dir|euch) (?:dabei|damit|bei (?:dieser|deiner|ihrer)) [^.!?\n]{0,30}?nicht (?:weiter)?helfen",
    r"als (?:ki|k[üu]nstliche intelligenz|sprachmodell|ki-modell)\b[^.!?\n]{0,60}\b(?:nicht|keine?n?)\b",
)
_PORTUGUESE_ITALIAN_DUTCH = (
    r"(?:sinto muito|desculpe|lamento|infelizmente)[,.]?(?: mas)?(?: eu)? n[ãa]o posso (?:ajudar|criar|gerar|fornecer|responder|atender|cumprir)",
    r"n[ãa]o posso (?:te )?ajudar (?:com|nisso)",
    r"(?:mi dispiace|mi spiace|purtroppo|spiacente)[,.]?(?: ma)? non posso (?:aiutar|fornire|creare|generare|rispondere|soddisfare)",
    r"non posso aiutar(?:ti|la|vi) (?:con|in)",
    r"(?:het spijt me|sorry|helaas)[,.]?(?: maar)? (?:ik kan|kan ik)\b[^.!?\n]{0,60}\b(?:niet|geen)\b[^.!?\n]{0,40}\b(?:helpen|maken|genereren|beantwoorden|voldoen)",
)
_SLAVIC_TURKISH = (
    r"(?:извините|простите|к сожалению|прошу прощения)[,.]?(?: но)?(?: я)? не (?:могу|в состоянии|имею возможности) (?:помочь|создать|выполнить|ответить|предоставить|сгенерировать|обсуждать)",
    r"я не могу (?:помочь (?:вам|тебе)? ?(?:с|в) |выполнить (?:этот|ваш|эту|вашу)|создать (?:этот|такое|такой))",
    r"(?:przepraszam|przykro mi|niestety)[,.]?(?: ale)? nie mog[ęe] (?:pom[óo]c|stworzy[ćc]|wygenerowa[ćc]|odpowiedzie[ćc]|spe[łl]ni[ćc])",
    r"(?:üzgünüm|maalesef|özür dilerim)[,.]?(?: ama| ancak)?[^.!?\n]{0,60}(?:yardımcı olamam|yapamam|oluşturamam|yerine getiremem)",
)
_ASIAN = (
    r"(?:عذر[ًا]*|آسف|أعتذر|للأسف)[،,.]?(?: و?لكن(?:ني|ي)?)?[^.!؟\n]{0,20}لا (?:يمكنني|أستطيع|أقدر)(?: على)? (?:ال)?(?:مساعد|إنشاء|تقديم|توليد|تلبية|الإجابة|كتابة|القيام)",
    r"لا (?:يمكنني|أستطيع) (?:مساعدتك (?:في|ب)|تلبية (?:هذا|طلبك))",
    r"(?:很|非常)?(?:抱歉|对不起|對不起|不好意思)[,，、。！!\s]*(?:但)?(?:是)?我?(?:无法|無法|不能|没有办法|不可以)[^。!\n]{0,12}(?:提供|帮助|幫助|协助|協助|生成|创建|回答|满足|完成|处理)",
    r"(?:我)(?:无法|無法|不能)(?:提供|协助|協助|生成|满足|回答)(?:这|此|该|您|你|這)",
    r"(?:申し訳(?:ありません|ございません|ない)|すみません|ごめんなさい)[^。\n]{0,60}(?:できません|お手伝い(?:は)?でき|お応えでき|いたしかねます)",
    r"(?:죄송(?:하지만|합니다)|미안하지만)[^.\n]{0,60}(?:수 없습니다|수 없어요|어렵습니다|드릴 수 없)",
    r"(?:क्षमा करें|माफ़ करें|माफ करें|मुझे खेद है)[^।\n]{0,60}नहीं (?:कर सकता|कर सकती|दे सकता|बना सकता)",
)

_REFUSAL = re.compile(
    "[\\s*_#>]*(?:"
    + "|".join(
        (
            *_ENGLISH,
            *_SPANISH,
            *_FRENCH,
            *_GERMAN,
            *_PORTUGUESE_ITALIAN_DUTCH,
            *_SLAVIC_TURKISH,
            *_ASIAN,
        )
    )
    + ")",
    re.IGNORECASE,
)


def refusal_in(text: str) -> str:
    """The refusal that a text opens with, empty where it opens with none.

    >>> refusal_in("I'm sorry, but I can't help with that request.")
    "I'm sorry, but I can't help with"
    >>> refusal_in("I can't believe the robot left the lighthouse.")
    ''
    """
    found = _REFUSAL.match(text[:HEAD_CHARACTERS])
    return found.group().strip() if found else ""
